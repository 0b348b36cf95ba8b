"""Runs a detector on the pictures of several clients, as one batch, and gives each its answer.

If a batch of several clients fails, the request of each is run by itself: a picture that a model
cannot stand costs nobody else their detections. A function gets one picture at a time.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from streamlab.detect.answer import checked_answers, checked_detections
from streamlab.detect.detector import Detector
from streamlab.detect.remote.messages import Answer, clipped
from streamlab.detect.remote.rows import rows_of
from streamlab.detect.text import error_text
from streamlab.errors import StreamlabError
from streamlab.media.picture import Picture

log = logging.getLogger(__name__)


class BatchRunner:
    """Calls a detector, in one thread. Other threads may read ``begun``, ``ended``, ``counts``."""

    def __init__(self, detector: Detector, max_batch: int) -> None:
        """Prepare; the detector gets at most ``max_batch`` pictures in a call."""
        self.max_batch = 1 if detector.kind == "callable" else max_batch
        self.begun = 0
        """Calls of the detector that have begun."""
        self.ended = 0
        """Calls of the detector that have ended, with or without an error."""
        self.counts: Counter[str] = Counter()
        """``batches``, ``pictures``, ``failed`` pictures, and what was dropped of detections."""
        self._detector = detector
        self._failing = False

    def run(self, requests: Sequence[Sequence[Picture]]) -> list[Answer]:
        """Return an answer for the pictures of each request, without its number."""
        if len(requests) > 1:
            try:
                found = self._detect([picture for own in requests for picture in own])
            except BaseException:  # noqa: BLE001  # below, each meets its own error
                self.counts["batches_split"] += 1
            else:
                answers: list[Answer] = []
                for own in requests:
                    answers.append(self._answer(found[: len(own)]))
                    found = found[len(own) :]
                return answers
        return [self._run_one(own) for own in requests]

    def _run_one(self, pictures: Sequence[Picture]) -> Answer:
        try:
            found = self._detect(pictures)
        except BaseException as error:  # noqa: BLE001  # a user's model: the client is told why
            return self._failure(error, len(pictures))
        return self._answer(found)

    def _detect(self, pictures: Sequence[Picture]) -> list[object]:
        found: list[object] = []
        for start in range(0, len(pictures), self.max_batch):
            batch = pictures[start : start + self.max_batch]
            self.begun += 1
            try:
                given = self._detector.detect(batch)
            finally:
                self.ended += 1
            self.counts["batches"] += 1
            self.counts["pictures"] += len(batch)
            found += checked_answers(given, len(batch), self._detector.name)
        return found

    def _answer(self, found: Sequence[object]) -> Answer:
        dropped: Counter[str] = Counter()
        try:
            checked = [checked_detections(one, self._detector.name, dropped) for one in found]
            rows = [rows_of(one, dropped) for one in checked]
        except Exception as error:  # noqa: BLE001  # a user's object, not always of our classes
            return self._failure(error, len(found))
        finally:
            self.counts.update(dropped)
        self._failing = False
        return Answer(0, rows, counts=dict(dropped))

    def _failure(self, error: BaseException, pictures: int) -> Answer:
        self.counts["failed"] += pictures
        if not self._failing:
            log.error("detector %s failed", self._detector.name, exc_info=error)
        self._failing = True
        if isinstance(error, StreamlabError):
            return Answer(0, error=clipped(error.message), hint=clipped(error.hint))
        return Answer(0, error=clipped(error_text(error)))
