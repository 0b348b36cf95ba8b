"""A detector whose answer proves which pixels it was given, and that fails when a picture says so.

Tests load it by name, as ``faulty:ARGUMENT``, where the argument says how loading fails.
"""

from __future__ import annotations

import os
import re
import signal
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import supervision as sv

from streamlab.detect.detector import DetectorKind, LoadOptions
from streamlab.errors import ModelError, ModelFormatError
from streamlab.media.picture import Picture

from .detector_orders import ALLOCATE, CRASH, EXIT, HANG, RAISE, REFUSE, SPIN, WRITE

LARGE = 1 << 36


class FaultyDetector:
    """Obeys the luma of the upper left pixel; else its boxes are made of the picture's checksum."""

    kind: DetectorKind = "plugin"

    def __init__(self, name: str = "faulty") -> None:
        self.name = name

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        return [self._find(picture, len(pictures)) for picture in pictures]

    def close(self) -> None:
        pass

    def _find(self, picture: Picture, batch: int) -> sv.Detections:
        obey(int(picture.planes()[0][0, 0]), picture)
        digest = digest_of(picture)
        count = 1 + digest % 3
        found = sv.Detections(
            np.array([[n, n + 1, n + 2 + digest % 90, n + 3] for n in range(count)], np.float32),
            confidence=np.full(count, 0.5, np.float32),
            class_id=np.arange(count),
            tracker_id=np.arange(count) + 7,
            mask=np.tile(picture.planes()[0] > 100, (count, 1, 1)),
        )
        found.data = {
            "class_name": np.array([f"Gerät {n}" for n in range(count)]),
            "digest": np.full(count, digest),
            "batch": np.full(count, batch),
            "pts": np.full(count, picture.pts),
        }
        return found


def digest_of(picture: Picture) -> int:
    """Return a checksum of a picture: its pixels, size, and colour."""
    frame = picture.frame
    colour = frame.color_range, frame.colorspace, frame.color_primaries, frame.color_trc
    digest = zlib.crc32(repr((picture.width, picture.height, [*map(int, colour)])).encode())
    for plane in picture.planes():
        digest = zlib.crc32(plane.tobytes(), digest)
    return zlib.crc32(picture.rgb().tobytes(), digest)


def obey(order: int, picture: Picture) -> None:
    """Fail as a picture's first pixel says."""
    if order == HANG:
        time.sleep(3600)
    elif order == SPIN:
        re.match(r"(a+)+$", "a" * 64 + "b")  # one call that holds Python's lock
    elif order == EXIT:
        os._exit(3)
    elif order == CRASH:
        os.kill(os.getpid(), signal.SIGSEGV)
    elif order == ALLOCATE:
        np.ones(LARGE, np.uint8)
    elif order == RAISE:
        raise ValueError("cannot see")
    elif order == REFUSE:
        raise ModelError("the model is tired", hint="Let it rest.")
    elif order == WRITE:
        picture.planes()[0][:] = 1


def make(argument: str, options: LoadOptions) -> FaultyDetector:
    """Load the detector: the entry point."""
    kind, _, value = argument.partition("=")
    if kind == "allocate":
        np.ones(LARGE, np.uint8)
    elif kind == "hang":
        time.sleep(3600)
    elif kind == "exit":
        os._exit(3)
    elif kind == "refuse":
        raise ModelFormatError("it is no model", hint="Use another.")
    elif kind == "exit-unless" and not Path(value).exists():
        os._exit(4)
    return FaultyDetector(argument or "faulty")
