"""The configuration file: what it says, and every mistake in it with its line."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streamlab.cli import app, terminal
from streamlab.config.camera import CameraConfig
from streamlab.config.file import read_configuration
from streamlab.errors import ConfigurationError
from streamlab.media.spec import SourceKind
from streamlab.settings import Settings

EVERYTHING = """\
sync_tolerance_ms = 20
stall_after = 3

[[cameras]]
name = "yard"
source = "rtsp://10.0.0.7/stream1#video=1"
username = "jane"
password = "env:CAM_PASSWORD"
query.t = "file:{folder}/token"
model = "yard.onnx"
classes = ["person", "car"]
confidence = 0.5
max_detection_fps = 5
rtsp_transport = "udp"
quality = "high"
max_height = 1080

[[cameras]]
name = "gate"
source = "http://cam.local/snap.jpg"
fps = 0.1

[[cameras]]
name = "door"
source = "door 1.mp4#once"
enabled = false
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAM_PASSWORD", "s3#cret/")
    (tmp_path / "token").write_text("t0k&n\n")
    (tmp_path / "yard.onnx").touch()
    return tmp_path / "streamlab.toml"


def test_everything_that_can_be_said(file: Path) -> None:
    file.write_text(EVERYTHING.format(folder=file.parent))
    configuration = read_configuration()
    assert configuration.settings.sync_tolerance_ms == 20
    yard, gate, door = configuration.cameras
    assert yard.spec.address == "rtsp://jane:s3%23cret%2F@10.0.0.7/stream1?t=t0k%26n"
    assert yard.spec.display == "rtsp://10.0.0.7/stream1?t=***#video=1"
    assert (yard.spec.video_stream, yard.spec.rtsp_transport) == (1, "udp")
    assert (yard.spec.max_height, yard.quality, yard.max_detection_fps) == (1080, "high", 5)
    assert (yard.classes, yard.confidence) == (("person", "car"), 0.5)
    assert yard.model == "yard.onnx"
    assert gate.spec.snapshot_fps == Fraction(1, 10)
    assert (door.enabled, door.spec.loop, door.spec.kind) == (False, False, SourceKind.FILE)
    for shown in (repr(yard), repr(yard.spec), repr(configuration)):
        assert not [secret for secret in ("jane", "s3#", "s3%23", "t0k") if secret in shown]
    assert Settings().sync_tolerance_ms == 20  # the cameras in the file are not its business


def test_paths_are_those_of_the_file(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "cam:1.mp4").touch()
    text = ""
    for number, source in enumerate(("door.mp4#once", "cam:1.mp4", "/a.mp4", "file:///b.mp4")):
        text += f'[[cameras]]\nname = "n{number}"\nsource = "{source}"\nmodel = "m.onnx#x=y"\n'
    (folder / "c.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"model: there is no file '.*m.onnx'"):
        read_configuration(folder / "c.toml")
    (folder / "m.onnx").touch()
    cameras = read_configuration(folder / "c.toml").cameras
    paths = [each.spec.address for each in cameras]
    assert paths == [str(folder / "door.mp4"), str(folder / "cam:1.mp4"), "/a.mp4", "/b.mp4"]
    assert {each.model for each in cameras} == {f"{folder / 'm.onnx'}#x=y"}


def test_the_environment_wins_over_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("sync_tolerance_ms = 20\ngop_s = 2\n")
    monkeypatch.setenv("STREAMLAB_SYNC_TOLERANCE_MS", "30")
    settings = read_configuration().settings
    assert (settings.sync_tolerance_ms, settings.gop_s) == (30, 2)


def test_no_file_is_no_mistake_unless_it_is_named(file: Path) -> None:
    assert read_configuration().cameras == ()
    with pytest.raises(ConfigurationError, match="No such file"):
        read_configuration(file)


WRONG = """\
sync_tolerance_ms = -1
nonsense = 3

[[cameras]]
name = "yard"
source = "rtsp://10.0.0.7/x"
password = "env:NOT_SET"
confidence = 7
classes = [
  "person",
  3,
]
fps = "1e999999999"

[[cameras]]
name = "yard"
source = "gopher://jane:s3cret@h/x"

[[cameras]]
sourc = "a.mp4"
rtsp_transport = "sctp"

[[cameras]]
name = "no blanks"
source = "rtsp://jane:s3cret@h/x"
username = "joe"

[[cameras]]
name = "truth"
source = "door.mp4"
model = "truth"

[[cameras]]
name = "user"
source = "door.mp4"
username = "env:CAM_PASSWORD"

[[cameras]]
name = "twice"
source = "rtsp://jane:s3cret@h/x"
username = "joe"
password = "file:/nowhere"
"""


def test_every_mistake_is_told_with_its_line(file: Path) -> None:
    file.write_text(WRONG)
    done = CliRunner().invoke(app, ["check-config"])
    assert done.exit_code == 2
    assert "s3cret" not in done.output
    told = [line.removeprefix("Error: ") for line in done.output.splitlines()]
    expected = {
        1: "sync_tolerance_ms: it should be greater than 0",
        2: "nonsense: there is no such key",
        7: "password: the environment variable 'NOT_SET' is not set",
        8: "confidence: it should be less than or equal to 1",
        9: "classes.1: it should be a valid string",
        13: "fps: it should be a finite number",
        16: "camera 'yard' is named twice",
        17: "source: unknown scheme 'gopher' in source gopher://h/x",
        19: "source: this key is missing",
        20: "sourc: there is no such key",
        21: "rtsp_transport: it should be 'auto', 'tcp' or 'udp'",
        24: "name: use letters, digits",
        28: "only synthetic cameras have a ground truth",
        33: "only rtsp and http sources take username",
        42: "password: cannot read '/nowhere': No such file",
    }
    for line, words in expected.items():
        found = [each for each in told if each.startswith(f"streamlab.toml:{line}: ")]
        assert any(words in each for each in found), (line, found, told)
    assert {int(each.split(":")[1]) for each in told} == set(expected)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a = 1\nb = \n", ":2: Invalid value"),
        (b"a = 1\n\xff\n", ":2: not UTF-8"),
        (b"[[cameras]", ":1: "),
        (b"cameras = 3\n", ":1: write [[cameras]]"),
        (b"gop_s = 1\ncameras = [3]\n", ":2: write [[cameras]]"),
        (b"#" * 2_000_000, "has more than"),
    ],
)
def test_what_is_no_configuration(file: Path, content: bytes, words: str) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        read_configuration()
    assert words in str(caught.value)


def test_a_mistake_of_the_environment_is_no_line_of_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("gop_s = 2\n")
    monkeypatch.setenv("STREAMLAB_GOP_S", "-1")
    with pytest.raises(ConfigurationError, match="environment variable STREAMLAB_GOP_S: it should"):
        read_configuration()


def test_a_valid_file_is_shown_as_a_table(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(EVERYTHING.format(folder=file.parent))
    monkeypatch.setattr(terminal.out, "width", 300)
    done = CliRunner().invoke(app, ["check-config", str(file)])
    assert done.exit_code == 0, done.output
    assert "rtsp://10.0.0.7/stream1?t=***#video=1" in done.output
    assert "rtsp_transport udp" in done.output
    assert "not enabled" in done.output
    assert not [secret for secret in ("jane", "s3#", "t0k") if secret in done.output]


def test_commands_tell_of_a_file_that_is_no_toml(file: Path) -> None:
    file.write_text("gop_s = ")
    done = CliRunner().invoke(app, ["demo", "--no-browser", "--port", "1"])
    assert done.exit_code == 2
    assert "streamlab.toml" in done.output


def test_a_camera_in_python_shows_no_credentials() -> None:
    camera = CameraConfig(name="a", source="rtsp://jane:s3cret@h/x?token=t0k")
    assert "s3cret" not in repr(camera)
    assert "t0k" not in repr(camera)
