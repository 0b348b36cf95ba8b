"""What every baseline is given: when both pictures of each frame are ready to leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streamlab.analysis import Outcome, Trace, replay
from streamlab.analysis.trace import NO_RESULT, Column
from streamlab.core.sync.policy import SyncPolicy


@dataclass(frozen=True, slots=True)
class Arrivals:
    """A trace, when its annotated pictures are ready (ns, in order), and whose boxes they carry."""

    trace: Trace
    annotated_ready_ns: Column
    detections_pts: Column

    @classmethod
    def of(cls, trace: Trace) -> Arrivals:
        """Return what the camera's own pipeline makes of a trace, as ``replay`` has it.

        Each frame waits for its own result; one without a result leaves with the previous one when
        its turn comes; then it is drawn and encoded. Policy ``none`` releases it at that moment.
        """
        outcome = replay(trace, SyncPolicy.NONE)
        return cls(trace, outcome.annotated_released_ns, outcome.detections_pts)

    @property
    def raw_ready_ns(self) -> Column:
        """When each raw picture can leave without overtaking another, ns."""
        return np.maximum.accumulate(self.trace.raw_ready_ns)

    def outcome(self, raw_released_ns: Column, annotated_released_ns: Column) -> Outcome:
        """Return what became of the frames; a picture that was lost carries no boxes."""
        lost = annotated_released_ns == NO_RESULT
        boxes = np.where(lost, NO_RESULT, self.detections_pts)
        return Outcome(self.trace, raw_released_ns, annotated_released_ns, boxes)

    def annotated_after(self, raw_released_ns: Column) -> Outcome:
        """Return what becomes of the frames when an annotated picture waits for its raw one."""
        annotated_ns = np.maximum(self.annotated_ready_ns, raw_released_ns)
        return self.outcome(raw_released_ns, annotated_ns)
