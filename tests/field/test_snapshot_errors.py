"""Snapshot cameras: what fails while they are opened or stopped is named, and ends in time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction

import pytest

from streamlab.errors import SourceFormatError, SourceUnreachableError
from streamlab.media import http_source, snapshot_source
from streamlab.media.http_get import HttpGet
from streamlab.media.opening import open_source
from streamlab.media.snapshot_source import SnapshotSource
from streamlab.media.source import Source
from streamlab.media.spec import SourceSpec
from tests.fakes.http_camera import HttpCamera, jpeg

FPS = 20


@pytest.fixture
def camera() -> Iterator[HttpCamera]:
    with HttpCamera() as camera:
        yield camera


@pytest.mark.parametrize("host", ["a..b", "xn--a", "a" * 70])
def test_a_host_name_that_cannot_be_encoded_is_named(host: str) -> None:
    with closing(HttpGet(SourceSpec.parse(f"http://{host}/snapshot.jpg"))) as http:
        with pytest.raises(SourceUnreachableError, match="cannot be reached"):
            http.fetch()
        assert http.ask_refusal() is None


def test_a_challenge_that_cannot_be_parsed_is_named() -> None:
    class Odd(HttpCamera):
        def challenge(self) -> str:
            return "Digest nonsense"

    with Odd(auth="digest") as camera:
        spec = SourceSpec.parse(f"http://admin:secret@{camera.host}/snapshot.jpg")
        with (
            closing(HttpGet(spec)) as http,
            pytest.raises(SourceUnreachableError, match="unknown kind of authentication"),
        ):
            http.fetch()


def test_a_stop_while_answers_without_a_picture_are_skipped_ends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class StoppedMeanwhile:
        """Answers with a picture, then with none while its source is being stopped."""

        def __init__(self, _: SourceSpec) -> None:
            self.answers = [jpeg(0)]

        def fetch(self, _: float) -> bytes:
            if self.answers:
                return self.answers.pop()
            source.stop()
            return b""

        def close(self) -> None:
            self.answers.clear()

    monkeypatch.setattr(snapshot_source, "HttpGet", StoppedMeanwhile)
    source = SnapshotSource(SourceSpec.parse(f"http://camera.example/?fps={FPS}"), "mjpeg")
    assert len(list(source.frames())) == 1


def test_opening_a_snapshot_camera_keeps_to_its_time_out(
    camera: HttpCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = SourceSpec.parse(f"{camera.url}/silent")
    with pytest.raises(SourceUnreachableError, match="no answer in time"):
        SnapshotSource(silent, "mjpeg", timeout_s=0.1)
    with pytest.raises(SourceUnreachableError, match="no answer in time"):
        SnapshotSource(silent, "mjpeg", timeout_s=-0.1)
    left_s: list[float] = []

    def opened_within(spec: SourceSpec, codec: str, timeout_s: float) -> Source:
        left_s.append(timeout_s)
        return SnapshotSource(spec, codec, timeout_s)

    monkeypatch.setattr(http_source, "SnapshotSource", opened_within)
    with closing(open_source(SourceSpec.parse(f"{camera.url}/snapshot.jpg"), 60.0)):
        assert 0 < left_s[0] < 60.0


def test_opening_does_not_wait_for_a_picture_that_is_due_after_its_time_out(
    camera: HttpCamera,
) -> None:
    camera.bodies.append(b"")
    spec = replace(SourceSpec.parse(f"{camera.url}/snapshot.jpg"), snapshot_fps=Fraction(1, 3600))
    with pytest.raises(SourceFormatError, match="other than a picture"):
        SnapshotSource(spec, "mjpeg", timeout_s=60.0)
