"""Pictures and sources are freed as soon as nobody has them.

What waits for the garbage collector keeps its pixels and decoders meanwhile, which are memory that
the collector does not count.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import av
import pytest

from streamlab.media.container import ContainerSource
from streamlab.media.source import open_source
from streamlab.media.spec import SourceSpec
from tests.fakes import videos

KINDS = (av.VideoFrame, av.Packet, av.CodecContext, av.container.InputContainer, ContainerSource)
READ = 20


@pytest.fixture
def uncollected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def alive() -> Counter[str]:
    return Counter(type(each).__name__ for each in gc.get_objects() if isinstance(each, KINDS))


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("make", [videos.baseline, videos.b_frames, videos.rotated])
def test_nothing_is_left_of_what_was_read(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path, before = make(tmp_path / "a.mp4"), alive()
    for _ in range(2):
        source = open_source(SourceSpec.parse(str(path)))
        frames = source.frames()
        assert sum(1 for _ in islice(frames, READ)) == READ
        source.close()
        del source, frames
        assert alive() == before
