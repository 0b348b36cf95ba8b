"""Pictures and sources are freed as soon as nobody has them.

What waits for the garbage collector keeps its pixels and decoders meanwhile, which are memory that
the collector does not count.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import av
import pytest

from streamlab.media.container import ContainerSource
from streamlab.media.opening import open_source
from streamlab.media.spec import SourceSpec
from tests.fakes import videos

READ = 20


@pytest.fixture
def uncollected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def frames_alive() -> int:
    return sum(type(each) is av.VideoFrame for each in gc.get_objects())


def sources_alive(path: Path) -> int:
    sources = (each for each in gc.get_objects() if type(each) is ContainerSource)
    return sum(source.spec.address == str(path) for source in sources)


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("make", [videos.baseline, videos.b_frames, videos.rotated])
def test_nothing_is_left_of_what_was_read(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path, before = make(tmp_path / "a.mp4"), frames_alive()
    source = open_source(SourceSpec.parse(str(path)))
    frames = source.frames()
    assert sum(1 for _ in islice(frames, READ)) == READ
    assert sources_alive(path) == 1
    source.close()
    del source, frames
    assert sources_alive(path) == 0
    assert frames_alive() - before < READ / 2  # others in this process may have some meanwhile
