"""Trace analysis: what happened to each frame, and what would have under another policy."""

from streamlab.analysis.as_shown import as_shown, own_accuracy
from streamlab.analysis.detections import LabelledVideo, street_detections
from streamlab.analysis.generate import make_trace
from streamlab.analysis.replay import Outcome, replay
from streamlab.analysis.simulate import SIMULATED_COLUMNS, simulate, summary
from streamlab.analysis.sweep import sweep
from streamlab.analysis.table import COLUMNS, read_trace, to_table, to_trace, write_trace
from streamlab.analysis.trace import Trace

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
