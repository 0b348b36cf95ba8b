"""Sources from installed packages, made to meet the contract of ``Source``."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from fractions import Fraction

import av

from streamlab.errors import SourceFormatError, StreamlabError
from streamlab.media.normalise import Normaliser, stored_orientation
from streamlab.media.source import Source, SourceFrame
from streamlab.media.spec import SourceSpec
from streamlab.media.timestamps import MAX_FPS, MIN_FPS


class PluginSource:
    """Normalises the frames of ``source``, which may have any size and pixel format.

    ``__init__`` blocks until there is a frame. ``errors`` returns a context manager that turns
    the package's own errors into SourceError.
    """

    def __init__(
        self, source: Source, spec: SourceSpec, errors: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._source = source
        self._spec = spec
        self._errors = errors
        self._frames: Iterator[SourceFrame] = self._read()
        try:
            first = next(self._frames, None)
            if first is None:
                raise SourceFormatError(f"{spec.display} gives no picture")
            width, height = first.frame.width, first.frame.height
            with errors():
                fps = Fraction(source.info.fps)
                if not MIN_FPS <= fps <= MAX_FPS:
                    raise ValueError(f"fps is {fps}, not {MIN_FPS} to {MAX_FPS}")
                self.info = replace(source.info, width=width, height=height, fps=fps)
        except BaseException:
            self.close()
            raise
        self._first = first

    @property
    def extradata(self) -> bytes | None:
        """H.264 parameter sets, empty if they are only in band; None if the codec is not H.264."""
        with self._errors():
            return self._source.extradata

    @property
    def reorders(self) -> bool:
        """True if frames leave the decoder in another order than they arrived (B-frames)."""
        with self._errors():
            return self._source.reorders

    def frames(self) -> Iterator[SourceFrame]:
        """Yield frames until the source ends. Raises SourceError when it fails."""
        yield self._first
        yield from self._frames

    def stop(self) -> None:
        """Make ``frames`` end soon; an error of the package is only logged."""
        with suppress(StreamlabError), self._errors():
            self._source.stop()

    def close(self) -> None:
        """Release what the source holds; an error of the package is only logged."""
        self._frames = iter(())  # the generator refers to the source and would delay freeing it
        with suppress(StreamlabError), self._errors():
            self._source.close()

    def _read(self) -> Iterator[SourceFrame]:
        normaliser = Normaliser(self._spec.max_height, self._spec.max_pixels)
        held = deque[SourceFrame]()  # by the deinterlacer

        def items_of(pairs: Iterable[tuple[av.VideoFrame, av.VideoFrame]]) -> Iterator[SourceFrame]:
            for decoded, made in pairs:
                while (item := held.popleft()).frame is not decoded:
                    pass  # its frame was lost in the filters
                objection = item.objection or normaliser.objection
                yield item._replace(frame=made, decoded=decoded, objection=objection)

        with self._errors():
            for item in self._source.frames():
                held.append(item)
                turned = stored_orientation(item.frame)
                yield from items_of(normaliser.receive_frame(item.frame, None, turned))
            yield from items_of(normaliser.flush())
