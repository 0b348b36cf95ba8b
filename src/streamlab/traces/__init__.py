"""The laboratory: what happened to each frame, and what another policy would have made of it."""

from streamlab.traces.faults import FAULTS, make_trace
from streamlab.traces.simulate import Outcome, simulate
from streamlab.traces.trace import Trace

__all__ = ["FAULTS", "Outcome", "Trace", "make_trace", "simulate"]
