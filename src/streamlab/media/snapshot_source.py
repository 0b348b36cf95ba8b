"""Snapshot cameras: polls an address that answers with one picture per request."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from fractions import Fraction

import av
from av.error import FFmpegError

from streamlab.clock import monotonic_ns
from streamlab.core.time.timebase import NS_PER_S
from streamlab.errors import SourceFormatError
from streamlab.media.http_get import HttpGet
from streamlab.media.limits import decoder_options, too_large
from streamlab.media.normalise import Normaliser, stored_orientation
from streamlab.media.source import OPEN_TIMEOUT_S, SourceFrame, SourceInfo
from streamlab.media.spec import SourceSpec

DEFAULT_FPS, MIN_FPS, MAX_FPS = Fraction(1), Fraction(1, 3600), Fraction(30)
MAX_BAD_ANSWERS = 3


class SnapshotSource:
    """A live source that polls a camera for single pictures.

    It makes at most ``spec.snapshot_fps`` requests a second, clamped to 1/3600 to 30; the default
    is 1. Responses that are not pictures are skipped; three in a row raise SourceFormatError.
    """

    extradata = None
    reorders = False

    def __init__(self, spec: SourceSpec, codec: str, timeout_s: float = OPEN_TIMEOUT_S) -> None:
        """Request the first picture. Raises SourceError.

        Args:
            spec: the source.
            codec: FFmpeg's name of the pictures' format.
            timeout_s: when to give up if it gives no picture, s.
        """
        fps = min(max(spec.snapshot_fps or DEFAULT_FPS, MIN_FPS), MAX_FPS)
        self.spec = spec
        self._interval_ns = round(NS_PER_S / fps)
        self._due_ns = monotonic_ns()
        until_ns = self._due_ns + round(timeout_s * NS_PER_S)
        self._closed = threading.Event()
        self._normaliser = Normaliser(spec.max_height, spec.max_pixels)
        self._decoder = _decoder(codec, spec.max_pixels)
        self._http = HttpGet(spec)
        try:
            self._first = next(self._ask(until_ns))
        except BaseException:
            self.close()
            raise
        size = self._first.frame.width, self._first.frame.height
        self.info = SourceInfo(codec, *size, fps=fps, live=True)

    def frames(self) -> Iterator[SourceFrame]:
        """Yield pictures as they fall due. Raises SourceError when a request fails."""
        yield self._first
        while self._wait():
            yield from self._ask()

    def stop(self) -> None:
        """End a wait for the next picture, and request no more."""
        self._closed.set()

    def close(self) -> None:
        """Close the connection, and end a wait for the next picture."""
        self._closed.set()
        self._http.close()

    def _wait(self) -> bool:
        """Wait until the next picture is due; return False if stopped or closed meanwhile."""
        now_ns = monotonic_ns()
        self._due_ns = max(self._due_ns + self._interval_ns, now_ns)
        return not self._closed.wait((self._due_ns - now_ns) / NS_PER_S)

    def _ask(self, until_ns: float = math.inf) -> Iterator[SourceFrame]:
        """Yield the next picture; none if stopped or closed before there was one."""
        for _ in range(MAX_BAD_ANSWERS):
            frame = self._decode(self._http.fetch(until_ns))
            if frame is not None:
                yield frame
                return
            if self._due_ns + self._interval_ns > until_ns:
                break
            if not self._wait():
                return
        raise SourceFormatError(
            f"{self.spec.display} answers with something other than a picture",
            hint="Open the address in a browser to see what it is.",
        )

    def _decode(self, data: bytes) -> SourceFrame | None:
        try:
            pictures = self._decoder.decode(av.Packet(data)) if data else []
        except FFmpegError as error:
            if isinstance(error, av.error.ArgumentError) and not self._decoder.width:
                raise too_large(self.spec.max_pixels) from None
            return None
        for picture in pictures:
            assert isinstance(picture, av.VideoFrame)
            geometry = self._decoder.sample_aspect_ratio, stored_orientation(picture)
            for _, made in self._normaliser.receive_frame(picture, *geometry):
                return SourceFrame(made, None, keyframe=True)
        return None


def _decoder(codec: str, max_pixels: int) -> av.VideoCodecContext:
    context = av.CodecContext.create(codec, "r")
    assert isinstance(context, av.VideoCodecContext)
    context.thread_type = "NONE"  # frame threading would delay pictures
    context.options = decoder_options(max_pixels)
    return context
