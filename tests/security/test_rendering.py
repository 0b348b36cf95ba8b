"""A client that adds a synthetic camera does not stop the event loop: no scene is rendered in it.

Rendering a large scene takes up to half a minute.
"""

from __future__ import annotations

import asyncio
import threading

import pytest

from streamlab.detect.load import load_detector
from streamlab.media.spec import SourceSpec
from streamlab.settings import Settings
from streamlab.street.parameters import StreetParameters
from streamlab.street.scene import Street
from streamlab.viewers import StreamChannelManager
from tests.detect.pictures import grey_picture

SPEC = SourceSpec.parse("synthetic://traffic?width=160&height=90&fps=5&seed=31")


@pytest.fixture
def rendered_in(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the ids of the threads that render a scene."""
    threads: list[int] = []
    render = Street.__init__

    def note(street: Street, *arguments: int, **others: object) -> None:
        threads.append(threading.get_ident())
        render(street, *arguments, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(Street, "__init__", note)
    return threads


@pytest.mark.parametrize("wait", [True, False])
def test_adding_a_camera_renders_nothing_in_the_loop(rendered_in: list[int], wait: bool) -> None:
    async def scenario() -> None:
        manager = StreamChannelManager(Settings())
        await manager.add_camera("street", SPEC, wait=wait)
        await manager.close()

    asyncio.run(scenario())
    assert threading.get_ident() not in rendered_in


def test_the_ground_truth_is_that_of_the_scene_in_use(rendered_in: list[int]) -> None:
    spec = SourceSpec.parse("synthetic://traffic?width=160&height=90&fps=5&seed=32")
    detector = load_detector("truth", source=spec)
    assert rendered_in == []
    street = Street.of(StreetParameters.parse(spec.address))
    (found,) = detector.detect([grey_picture(160, 90, pts=90_000)])
    assert len(found) == len(street.truth(5))
    assert len(rendered_in) == 1
