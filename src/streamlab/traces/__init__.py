"""The laboratory: what happened to each frame, and what another policy would have made of it."""

from streamlab.traces.as_shown import as_shown, own_accuracy
from streamlab.traces.detections import LabelledVideo, street_detections
from streamlab.traces.generate import make_trace
from streamlab.traces.replay import Outcome, replay
from streamlab.traces.simulate import SIMULATED_COLUMNS, simulate, summary
from streamlab.traces.sweep import sweep
from streamlab.traces.table import COLUMNS, read_trace, to_table, to_trace, write_trace
from streamlab.traces.trace import Trace

__all__ = [
    "COLUMNS",
    "SIMULATED_COLUMNS",
    "LabelledVideo",
    "Outcome",
    "Trace",
    "as_shown",
    "make_trace",
    "own_accuracy",
    "read_trace",
    "replay",
    "simulate",
    "street_detections",
    "summary",
    "sweep",
    "to_table",
    "to_trace",
    "write_trace",
]
