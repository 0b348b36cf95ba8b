from __future__ import annotations

from contextlib import closing
from fractions import Fraction
from pathlib import Path
from urllib.parse import quote

import pytest

from streamlab.core.time.frame_rate import parse_rate
from streamlab.errors import SourceError, SourceNotAllowedError, SourceNotFoundError
from streamlab.media.opening import open_source
from streamlab.media.spec import SourceKind, SourcePolicy, SourceSpec
from streamlab.settings import Settings
from streamlab.street.parameters import StreetParameters
from tests.fakes import videos


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
        ("udp://@:5000", SourceKind.UDP),
        ("rtp://239.0.0.1:5000", SourceKind.UDP),
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
        StreetParameters.parse(SourceSpec.parse(f"synthetic://traffic?{query}").address)


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


def test_udp_has_a_name_of_its_own_in_the_allow_list(policy: SourcePolicy) -> None:
    spec = SourceSpec.parse("udp://@:5000")
    with pytest.raises(SourceNotAllowedError) as caught:
        policy.check(spec)
    assert "--allow-scheme udp" in caught.value.hint
    allowed = Settings(allowed_schemes=["udp"]).allowed_schemes
    SourcePolicy.of(allowed, [], []).check(spec)


ODD_NAMES = (
    "12:30 door.mp4", "cam:1.mp4", "rtsp:1.mp4", "straße.mp4", "100%.mp4", "a%20b.mp4", "what?.mp4",
    "a#1.mp4", "a#once", "a#video=1", "key=value.mp4", "a@b:c@d.mp4", "[1].mp4",
)  # fmt: skip


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_file_is_opened_whatever_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    videos.baseline(tmp_path / "video.mp4").rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    url = "file://" + quote(str(tmp_path / name))
    for text in (name, f"./{name}", str(tmp_path / name), url, f"{tmp_path / name}#video=0#once"):
        spec = SourceSpec.parse(text)
        assert (spec.kind, spec.loop) == (SourceKind.FILE, not text.endswith("#video=0#once"))
        assert Path(spec.address).name == name
        with closing(open_source(spec)) as source:
            assert source.info.width == 320


def test_a_relative_path_is_looked_up_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a#once").touch()
    assert SourceSpec.parse("a#once", folder=tmp_path).display == str(tmp_path / "a#once")
    assert SourceSpec.parse("b#once", folder=tmp_path).address == str(tmp_path / "b")
    assert SourceSpec.parse("/b", folder=tmp_path).address == "/b"


def test_options_stand_behind_any_source() -> None:
    spec = SourceSpec.parse("http://10.0.0.7/x?a=1#video=2#once")
    assert (spec.address, spec.loop, spec.video_stream) == ("http://10.0.0.7/x?a=1", False, 2)
    assert spec.display == "http://10.0.0.7/x?a=1#video=2#once"
    assert SourceSpec.parse(spec.display) == spec
    with pytest.raises(SourceError, match="#video is 'x'"):
        SourceSpec.parse("a.mp4#video=x")
    unknown = SourceSpec.parse("a.mp4#vidoe=1")
    with pytest.raises(SourceNotFoundError) as caught:
        open_source(unknown)
    assert "#video=N" in caught.value.hint


def test_a_drive_letter_is_no_scheme() -> None:
    assert SourceSpec.parse(r"C:\cams\a@b.mp4").kind is SourceKind.FILE


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("udp://@:5000", "udp://0.0.0.0:5000"),
        ("udp://:5000", "udp://0.0.0.0:5000"),
        ("UDP://@239.0.0.1:5000/", "udp://239.0.0.1:5000"),
        ("rtp://10.0.0.7:5000", "rtp://10.0.0.7:5000"),
        ("udp://[ff02::1]:5000?localaddr=::1", "udp://[ff02::1]:5000?localaddr=::1"),
        (
            "udp://@239.0.0.1:5000?localaddr=10.0.0.1&sources=10.0.0.7,10.0.0.8",
            "udp://239.0.0.1:5000?localaddr=10.0.0.1&sources=10.0.0.7,10.0.0.8",
        ),
    ],
)
def test_udp_is_written_as_ffmpeg_takes_it(text: str, address: str) -> None:
    spec = SourceSpec.parse(f"{text}#video=1")
    assert (spec.address, spec.video_stream) == (address, 1)
    assert spec.display == f"{address}#video=1"
    assert SourceSpec.parse(spec.display) == spec


@pytest.mark.parametrize(
    "text",
    [
        "udp://@", "udp://10.0.0.7", "udp://@:0", "udp://@:65536", "udp://user:pass@h:5000",
        "udp://@:5000?fifo_size=999999999", "udp://@:5000?localaddr", "udp://@:5000?localaddr=a b",
        "udp://@:5000?sources=/etc&sources=", "udp://@:5000/x",
    ],
)  # fmt: skip
def test_udp_that_cannot_be_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(SourceError, match="UDP") as caught:
        SourceSpec.parse(text)
    assert "pass" not in str(caught.value) + caught.value.hint


def test_a_snapshot_camera_names_its_rate() -> None:
    assert SourceSpec.parse("http://cam/snap.jpg?fps=2").snapshot_fps == 2
    for query in ("", "?fps=0", "?fps=many", "?fps=1e9", "?" + "a=1&" * 1000 + "fps=2"):
        assert SourceSpec.parse(f"http://cam/snap.jpg{query}").snapshot_fps is None


@pytest.mark.parametrize(
    "text",
    [
        "1e999999999", "1E9", "9" * 5000, "1/0", "0/0", "-1", "nan", "inf", "1_0", "1.", ".5",
        "1/2/3", " 30", "³",
    ],
)  # fmt: skip
def test_a_rate_that_is_none_is_refused_at_once(text: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_rate(text)
    assert len(caught.value.message) < 80
    with pytest.raises(SourceError):
        StreetParameters.parse(SourceSpec.parse(f"synthetic://traffic?fps={quote(text)}").address)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 5000,
        "rtsp://h/" + "a" * 5000,
        "a\nb.mp4",
        "http://h/\x00",
        "rtsp://[::1/x",
        "rtsp://h:x/",
    ],
)
def test_what_has_no_bound_or_form_is_refused(text: str) -> None:
    with pytest.raises(SourceError):
        SourceSpec.parse(text)


def test_a_query_has_a_bound() -> None:
    with pytest.raises(SourceError, match="parameters"):
        StreetParameters.parse(SourceSpec.parse("synthetic://traffic?" + "a=1&" * 1000).address)
    with pytest.raises(SourceError, match="seed"):
        StreetParameters.parse(SourceSpec.parse("synthetic://traffic?seed=" + "9" * 4000).address)
