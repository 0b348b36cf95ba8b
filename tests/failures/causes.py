"""What can go wrong with a camera, each with the words that every surface must have for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from streamlab.core.channels import ANNOTATED, RAW
from streamlab.lab.lab_camera import LabCamera
from tests.fakes.udp_camera import UdpCamera
from tests.viewers.producers import producer_of

Rgb = NDArray[np.uint8]
BOX = np.array([[40, 60, 120, 120]], np.float32)


@dataclass(slots=True)
class Broken:
    """A camera whose parts can be broken and mended."""

    cam: LabCamera
    source: UdpCamera
    let_go: threading.Event = field(default_factory=threading.Event)
    faulty: bool = False
    acts: dict[str, Callable[[], object]] = field(default_factory=dict)

    def detect(self, rgb: Rgb) -> sv.Detections:
        """Find one thing, or do what ``acts`` says."""
        act = self.acts.get("detect") if self.faulty else None
        if act:
            return act()  # type: ignore[return-value]
        return sv.Detections(BOX.copy(), class_id=np.zeros(1, int))

    def draw(self, rgb: Rgb, detections: sv.Detections) -> Rgb:
        """Paint what was found, or do what ``acts`` says."""
        act = self.acts.get("draw") if self.faulty else None
        if act:
            act()
        for left, top, right, bottom in detections.xyxy.astype(int).tolist():
            rgb[top:bottom, left:right] = 0
        return rgb


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that goes wrong, and is over again.

    ``says`` is a pattern of the sentence that must be found, ``detail`` one of its reason;
    ``metric`` is a pattern of the metric that is 1 meanwhile.
    """

    begin: Callable[[Broken], None]
    end: Callable[[Broken], None]
    says: str
    detail: str
    metric: str


def _breaking(part: str, act: Callable[[Broken], object]) -> Callable[[Broken], None]:
    def begin(broken: Broken) -> None:
        broken.acts = {part: lambda: act(broken)}
        broken.let_go.clear()
        broken.faulty = True

    return begin


def _mend(broken: Broken) -> None:
    broken.faulty = False
    broken.let_go.set()


def _raise(_: Broken) -> object:
    raise ValueError("out of luck")


def _hang(broken: Broken) -> object:
    broken.let_go.wait()
    return sv.Detections.empty()


def _break_encoder(channel: str) -> Callable[[Broken], None]:
    def begin(broken: Broken) -> None:
        pipeline: Any = producer_of(broken.cam._shown.camera)._pipeline
        stage = pipeline._raw if channel == RAW else pipeline.annotators[channel]
        encode = stage.encode

        def fail(*arguments: Any) -> None:
            if broken.faulty:
                raise OSError("no memory")
            encode(*arguments)

        broken.faulty, stage.encode = True, fail

    return begin


def _silence(broken: Broken) -> None:
    broken.source.silent = True


def _come_back(broken: Broken) -> None:
    broken.source.silent = False


def _come_back_larger(broken: Broken) -> None:
    broken.source.size_px = (480, 270)
    broken.source.silent = False


def _come_back_as_hevc(broken: Broken) -> None:
    broken.source.codec = "libx265"
    broken.source.silent = False


_GONE = (r"The source is (stalled|reconnecting|connecting)", r"picture|data|connect|open|timed|I/O")
_SOURCE = r'source_state\{camera_id="%s",state="(stalled|reconnecting|connecting)"\} 1\.0'
_PART = r'health\{camera_id="%%s",channel="%s",part="%s",state="failing"\} 1\.0'
_LUCK = "ValueError: out of luck"

CAUSES = {
    "source-gone": Cause(_silence, _come_back, *_GONE, _SOURCE),
    "source-back-with-another-size": Cause(_silence, _come_back_larger, *_GONE, _SOURCE),
    "source-back-with-another-codec": Cause(_silence, _come_back_as_hevc, *_GONE, _SOURCE),
    "detector-raises": Cause(
        _breaking("detect", _raise),
        _mend,
        rf"Detector detect is failing: {_LUCK}",
        _LUCK,
        _PART % (ANNOTATED, "detector"),
    ),
    "detector-hangs": Cause(
        _breaking("detect", _hang),
        _mend,
        r"Detector detect is failing: no answer for \d+ s; it hangs",
        "it hangs",
        _PART % (ANNOTATED, "detector"),
    ),
    "detector-returns-nonsense": Cause(
        _breaking("detect", lambda _: "a cat"),
        _mend,
        r"Detector detect is failing: ModelError: detector 'detect' returned str of 5",
        "returned str of 5",
        _PART % (ANNOTATED, "detector"),
    ),
    "renderer-raises": Cause(
        _breaking("draw", _raise),
        _mend,
        rf"Renderer draw is failing: {_LUCK}",
        _LUCK,
        _PART % (ANNOTATED, "renderer"),
    ),
    "renderer-hangs": Cause(
        _breaking("draw", _hang),
        _mend,
        r"Renderer draw is failing: no answer for \d+ s; it hangs",
        "it hangs",
        _PART % (ANNOTATED, "renderer"),
    ),
    "encoder-of-raw-raises": Cause(
        _break_encoder(RAW),
        _mend,
        "The encoder of channel raw is failing: OSError: no memory",
        "OSError: no memory",
        _PART % (RAW, "encoder"),
    ),
    "encoder-of-annotated-raises": Cause(
        _break_encoder(ANNOTATED),
        _mend,
        "The encoder of channel annotated is failing: OSError: no memory",
        "OSError: no memory",
        _PART % (ANNOTATED, "encoder"),
    ),
}
