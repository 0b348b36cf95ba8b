"""Credentials of sources by host: which sources get them, and that they are shown nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from streamlab.cli.sources import parse_source
from streamlab.config.camera import CameraConfig
from streamlab.config.file import read_configuration
from streamlab.config.source_credentials import with_known
from streamlab.errors import ConfigurationError
from streamlab.media.spec import SourceSpec
from streamlab.settings import Settings

FILE = """\
[credentials."10.0.0.7"]
username = "jane"
password = "file:password"

[credentials."10.0.0.7:8554"]
username = "env:NAME"

[credentials."Cam.local"]
query.t = "file:password"

[credentials."[fe80::1]"]
username = "six"
"""
SECRETS = ("jane", "s3cret", "joe", "six")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NAME", "joe")
    (tmp_path / "password").write_text("s3cret@/\n")
    (tmp_path / "password").chmod(0o600)
    (tmp_path / "streamlab.toml").write_text(FILE)
    return Settings()


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("rtsp://10.0.0.7/a", "rtsp://jane:s3cret%40%2F@10.0.0.7/a"),
        ("rtsp://10.0.0.7:554/a", "rtsp://jane:s3cret%40%2F@10.0.0.7:554/a"),
        ("rtsp://10.0.0.7:8554/a", "rtsp://joe:@10.0.0.7:8554/a"),
        ("http://CAM.local/x.jpg?a=1", "http://CAM.local/x.jpg?a=1&t=s3cret%40%2F"),
        ("rtsp://[fe80::1]:554/a", "rtsp://six:@[fe80::1]:554/a"),
        ("rtsp://bob:own@10.0.0.7/a", "rtsp://bob:own@10.0.0.7/a"),
        ("rtsp://10.0.0.70/a", "rtsp://10.0.0.70/a"),
        ("rtsp://a.cam.local/a", "rtsp://a.cam.local/a"),
    ],
)
def test_a_source_gets_those_of_its_host(settings: Settings, source: str, address: str) -> None:
    known = settings.credentials
    assert with_known(SourceSpec.parse(source), known).address == address
    assert parse_source(source).address == address
    camera = CameraConfig(name="a", source=source).knowing(known)
    assert camera.spec.address == address
    for shown in (repr(settings), str(settings.model_dump()), repr(camera), camera.spec.display):
        assert not [secret for secret in SECRETS if secret in shown]


def test_those_of_the_camera_come_first(settings: Settings) -> None:
    camera = CameraConfig(name="a", source="rtsp://10.0.0.7/a", username="own")  # type: ignore[arg-type]
    assert camera.knowing(settings.credentials).spec.address == "rtsp://own:@10.0.0.7/a"
    plain = CameraConfig.of("a", "rtsp://10.0.0.7/a")
    assert plain.spec.address == "rtsp://10.0.0.7/a", "as one that is added over HTTP"


@pytest.mark.parametrize("source", ["synthetic://traffic", "udp://10.0.0.7:5000"])
def test_other_kinds_get_none(settings: Settings, source: str) -> None:
    spec = SourceSpec.parse(source)
    assert with_known(spec, settings.credentials) == spec


def test_the_environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMLAB_CREDENTIALS", '{"c": {"password": "file:password"}}')
    known = Settings().credentials
    assert with_known(SourceSpec.parse("rtsp://c/"), known).address == "rtsp://:s3cret%40%2F@c/"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[credentials."a"]\npassword = "file:none"', 2, "cannot read 'none'"),
        ('[credentials."a"]\npasword = "s3cret"', 2, "there is no such key"),
        ('[credentials."rtsp://a"]\npassword = "s3cret"', 1, "a host must be a name"),
        ('credentials = "s3cret"', 1, "valid dictionary"),
    ],
)
def test_mistakes(settings: Settings, text: str, line: int, words: str) -> None:
    Path("streamlab.toml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        read_configuration()
    assert f"streamlab.toml:{line}: credentials" in str(caught.value)
    assert words in str(caught.value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert "s3cret" not in str(caught.value) + str(refused.value)
