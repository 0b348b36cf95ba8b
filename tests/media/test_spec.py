from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from streamlab.errors import SourceError, SourceNotAllowedError
from streamlab.media.spec import SourceKind, SourcePolicy, SourceSpec, StreetParameters, parse_rate


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("synthetic://traffic", SourceKind.SYNTHETIC),
        ("door.mp4", SourceKind.FILE),
        ("/videos/a b.mkv", SourceKind.FILE),
        ("file:///videos/a%20b.mkv", SourceKind.FILE),
        ("rtsp://10.0.0.7/stream1", SourceKind.RTSP),
        ("rtsps://10.0.0.7/stream1", SourceKind.RTSP),
        ("http://host/cam.mjpg", SourceKind.HTTP),
        ("/dev/video0", SourceKind.WEBCAM),
    ],
)
def test_a_source_is_known_by_its_form(text: str, kind: SourceKind) -> None:
    assert SourceSpec.parse(text).kind is kind


def test_a_file_url_names_the_same_file_as_its_path() -> None:
    assert SourceSpec.parse("file:///videos/a%20b.mkv").address == "/videos/a b.mkv"


def test_a_file_loops_unless_it_says_once() -> None:
    assert SourceSpec.parse("a.mp4").loop
    once = SourceSpec.parse("a.mp4#once")
    assert (once.loop, once.address, once.display) == (False, "a.mp4", "a.mp4#once")


@pytest.mark.parametrize("text", ["", "  ", "gopher://host/1", "concat:a|b", "rtsp:///path"])
def test_what_is_no_source_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(SourceError) as caught:
        SourceSpec.parse(text)
    assert "synthetic://traffic" in caught.value.hint


def test_credentials_are_not_shown() -> None:
    spec = SourceSpec.parse("rtsp://user:p@ss@10.0.0.7:554/stream?x=1")
    assert spec.display == "rtsp://10.0.0.7:554/stream?x=1"


@pytest.mark.parametrize(
    ("text", "rate"),
    [("30", 30), ("29.97", Fraction(30000, 1001)), ("30000/1001", Fraction(30000, 1001))],
)
def test_rates_are_exact(text: str, rate: Fraction) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "query", ["width=641", "width=10", "fps=0", "fps=x", "seed=-1", "weather=rain", "height=1.5"]
)
def test_a_street_that_cannot_be_is_refused(query: str) -> None:
    with pytest.raises(SourceError):
        StreetParameters.parse(SourceSpec.parse(f"synthetic://traffic?{query}"))


@pytest.fixture
def policy(tmp_path: Path) -> SourcePolicy:
    (tmp_path / "in").mkdir()
    named = [SourceSpec.parse("rtsp://10.0.0.7/stream1")]
    return SourcePolicy.of(["synthetic"], [tmp_path / "in"], named)


def test_what_is_allowed_passes(policy: SourcePolicy, tmp_path: Path) -> None:
    for text in ("synthetic://traffic", "rtsp://10.0.0.7/stream1", f"{tmp_path}/in/a.mp4"):
        policy.check(SourceSpec.parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://10.0.0.8/stream1",
        "http://127.0.0.1/",
        "/dev/video0",
        "/etc/passwd",
        "file:///etc/passwd",
        "{folder}/in/../secret.mp4",
        "{folder}/in-not/a.mp4",
        "{folder}/in/link/passwd",
    ],
)
def test_what_lies_outside_is_refused(policy: SourcePolicy, tmp_path: Path, text: str) -> None:
    (tmp_path / "in" / "link").symlink_to("/etc")
    with pytest.raises(SourceNotAllowedError):
        policy.check(SourceSpec.parse(text.format(folder=tmp_path)))
