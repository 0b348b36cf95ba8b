"""The endpoint that tells what is really in a synthetic camera's pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.core.time.timebase import TIMESCALE, frame_pts
from streamlab.errors import InvalidRequestError
from streamlab.media.spec import SourceSpec
from streamlab.server.truth import true_boxes
from streamlab.street.parameters import StreetParameters
from streamlab.street.scene import Street
from tests.fakes import videos

TINY = SourceSpec.parse("synthetic://traffic?width=160&height=90&fps=29.97")
TINY_FPS = StreetParameters.parse(TINY.address).fps


@pytest.fixture
def http(server_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server_url, timeout=300.0) as http:
        yield http


def ask(http: httpx.Client, camera_id: str, from_pts: object, to_pts: object) -> httpx.Response:
    query = {"from_pts": str(from_pts), "to_pts": str(to_pts)}
    return http.get(f"/cameras/{camera_id}/truth", params=query)


def test_it_tells_what_the_street_knows(http: httpx.Client) -> None:
    response = ask(http, "street", 90_000, 96_001)
    assert response.status_code == 200, response.text
    told: dict[str, Any] = response.json()
    assert [frame["pts"] for frame in told["frames"]] == [90_000, 93_000, 96_000]
    street = Street(640, 360)
    for number, frame in enumerate(told["frames"], start=30):
        assert frame["boxes"] == [
            [box.x1, box.y1, box.x2, box.y2, box.class_name, box.track_id]
            for box in street.truth(number)
        ]


@pytest.mark.parametrize(("from_pts", "to_pts"), [(0, 0), (5, 4), (0, 900_001), (-1, 9), ("a", 9)])
def test_spans_have_bounds(http: httpx.Client, from_pts: object, to_pts: object) -> None:
    response = ask(http, "street", from_pts, to_pts)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


def test_there_is_none_of_other_cameras(http: httpx.Client, video_folder: Path) -> None:
    path = videos.baseline(video_folder / "no_truth.mp4")
    http.post("/cameras", json={"camera_id": "no-truth", "source": str(path)})
    response = ask(http, "no-truth", 0, 3000)
    http.delete("/cameras/no-truth")
    assert response.status_code == 404
    assert response.json()["title"] == "No truth"
    assert ask(http, "nowhere", 0, 3000).status_code == 404


@settings(deadline=None)  # the first call makes the street
@given(from_pts=st.integers(0, 10**9), span=st.integers(1, TIMESCALE))
def test_neighbouring_spans_share_no_frame_and_miss_none(from_pts: int, span: int) -> None:
    told = [
        frame["pts"]
        for start in (from_pts, from_pts + span)
        for frame in true_boxes(TINY, start, start + span)
    ]
    first = -(-from_pts * TINY_FPS // TIMESCALE) - 1
    candidates = (frame_pts(int(first) + n, TINY_FPS) for n in range(100))
    assert told == [pts for pts in candidates if from_pts <= pts < from_pts + 2 * span]


def test_a_span_beyond_the_bound_is_not_computed() -> None:
    with pytest.raises(InvalidRequestError, match="900001"):
        true_boxes(TINY, 0, 900_001)
