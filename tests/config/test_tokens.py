"""Tokens and other secrets of the settings: in TOML, in the environment, in files."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from streamlab.cli import app
from streamlab.config.file import read_configuration
from streamlab.core.access import Grant
from streamlab.errors import ConfigurationError
from streamlab.secret import MAX_LIST_BYTES, MAX_SECRET_BYTES, read_secret
from streamlab.settings import Settings
from streamlab.tokens import Token

PLAIN, DOOR, OTHER, ADMIN = "plain-01234567", "door-012345678", "other-01234567", "admin-01234567"
SECRETS = (PLAIN, DOOR, OTHER, ADMIN)
POSIX = pytest.mark.skipif(os.name != "posix", reason="files have modes on POSIX")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def secret(path: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def told(tokens: list[Token]) -> dict[str, Grant]:
    return {each.token.get_secret_value(): each.grant for each in tokens}


def test_every_way_to_write_tokens(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret(folder / "doors", f"# of the porters\n{DOOR}  \n\n{OTHER}\r\n")
    monkeypatch.setenv("PLAIN", PLAIN)
    Path("streamlab.toml").write_text(
        f'tokens = ["env:PLAIN", {{token = "file:{folder}/doors", cameras = ["door-*", "hall"], '
        f'channels = ["annotated"]}}]\n'
        f'admin_tokens = "{ADMIN}"\n'
        f'unredacted_tokens = [{{token = "{ADMIN}", cameras = ["hall"]}}]\n'
    )
    limit = Grant(("door-*", "hall"), ("annotated",))
    for settings in (Settings(), read_configuration().settings):
        assert told(settings.tokens) == {PLAIN: Grant(), DOOR: limit, OTHER: limit}
        assert told(settings.admin_tokens) == {ADMIN: Grant()}
        assert told(settings.unredacted_tokens) == {ADMIN: Grant(("hall",))}
        shown = repr(settings) + str(settings.model_dump()) + settings.model_dump_json()
        assert not [each for each in SECRETS if each in shown]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        (f"{PLAIN}, {DOOR}", {PLAIN: Grant(), DOOR: Grant()}),
        (f'["{PLAIN}"]', {PLAIN: Grant()}),
        (json.dumps([PLAIN, {"token": DOOR, "cameras": ["d*"]}]),
         {PLAIN: Grant(), DOOR: Grant(("d*",))}),
        ("file:tokens", {OTHER: Grant(), ADMIN: Grant()}),
        (json.dumps([{"token": "file:tokens", "channels": ["raw"]}]),
         {OTHER: Grant(channels=("raw",)), ADMIN: Grant(channels=("raw",))}),
        ("env:ELSEWHERE", {PLAIN: Grant()}),
    ],
)  # fmt: skip
def test_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch, text: str, tokens: dict[str, Grant]
) -> None:
    secret(folder / "tokens", f"{OTHER}\n{ADMIN}")
    monkeypatch.setenv("ELSEWHERE", PLAIN)
    monkeypatch.setenv("STREAMLAB_TOKENS", text)
    assert told(Settings().tokens) == tokens


WRONG = {
    '["short"]': "at least 8 characters",
    f'[{{token = "{PLAIN}", cameras = []}}]': "at least 1 item",
    f'[{{token = "{PLAIN}", cameras = ["a/b"]}}]': "use a name, in which * stands",
    f'[{{token = "{PLAIN}", admin = true}}]': "there is no such key",
    '[{cameras = ["a"]}]': "this key is missing",
    f'[{{token = ["{PLAIN}"]}}]': "valid string",
    "3": "valid list",
    '["file:nowhere"]': "cannot read 'nowhere': No such file",
    '["file:."]': "cannot read '.'",
    '["file:empty"]': "'empty' is empty",
    '["file:comments"]': "there is no secret in 'comments'",
    '["file:large"]': f"'large' has more than {MAX_LIST_BYTES} bytes",
    '["file:binary"]': "cannot read 'binary': it is not UTF-8",
    '["file:blanks"]': "at least 8 characters",
    '["env:NOT_SET"]': "the environment variable 'NOT_SET' is not set",
}


@pytest.mark.parametrize("name", ["tokens", "admin_tokens", "unredacted_tokens"])
@pytest.mark.parametrize("value", WRONG)
def test_a_mistake_names_setting_and_file_and_quotes_no_token(
    folder: Path, name: str, value: str
) -> None:
    if sys.platform == "win32" and "file:." in value:
        pytest.skip("the reason is another")
    secret(folder / "empty", " \n")
    secret(folder / "comments", "# nothing\n")
    secret(folder / "large", PLAIN * 10_000)
    secret(folder / "binary", f"{PLAIN}\xff".encode("latin-1"))
    secret(folder / "blanks", f"{PLAIN} {DOOR}")
    Path("streamlab.toml").write_text(f"{name} = {value}\n")
    with pytest.raises(ConfigurationError) as caught:
        read_configuration()
    assert f"streamlab.toml:1: {name}" in str(caught.value)
    assert WRONG[value] in str(caught.value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    done = CliRunner().invoke(app, ["check-config"])
    assert done.exit_code == 2
    for text in (str(caught.value), str(refused.value), done.output):
        assert not [each for each in SECRETS if each in text]


def test_an_admin_is_not_limited_to_channels(folder: Path) -> None:
    Path("streamlab.toml").write_text(f'admin_tokens = [{{token="{ADMIN}", channels=["raw"]}}]')
    with pytest.raises(ConfigurationError, match="limited to channels cannot change cameras"):
        read_configuration()


@POSIX
def test_a_file_that_all_can_read_is_used_with_a_warning(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("STREAMLAB_TOKENS", "file:tokens")
    for mode, count in ((0o600, 0), (0o640, 0), (0o644, 1)):
        secret(folder / "tokens", PLAIN, mode)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert told(Settings().tokens) == {PLAIN: Grant()}
        assert len(caplog.messages) == count
        assert not [each for each in caplog.messages if PLAIN in each]
    assert "tokens: every user of this machine can read 'tokens'" in caplog.text


@POSIX
def test_a_configuration_with_secrets_that_all_can_read_is_used_with_a_warning(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    yard = '[[cameras]]\nname = "yard"\nsource = "rtsp://{user}10.0.0.1/cam"\n'
    named = 'tokens = [{token = "env:TOKEN", cameras = ["door-*"]}]\n' + yard.format(user="")
    for text, warned in (
        (named, []),
        (f'tokens = ["{PLAIN}"]\n{yard.format(user="")}', ["tokens"]),
        (yard.format(user=f"admin:{PLAIN}@"), ["source"]),
        (yard.format(user="") + f'username = "env:TOKEN"\npassword = "{PLAIN}"', ["password"]),
    ):
        for mode in (0o600, 0o644):
            secret(folder / "streamlab.toml", text, mode)
            caplog.clear()
            with caplog.at_level(logging.WARNING), patch.dict(os.environ, TOKEN=PLAIN):
                read_configuration()
            names = [each.partition(":")[0] for each in caplog.messages]
            assert names == (warned if mode & 0o004 else [])
            assert PLAIN not in caplog.text


@POSIX
def test_a_pipe_can_be_read_as_well() -> None:
    reading, writing = os.pipe()
    os.write(writing, f"{PLAIN}\n".encode())
    os.close(writing)
    try:
        assert read_secret(f"file:/dev/fd/{reading}", "--token") == PLAIN
    finally:
        os.close(reading)


def test_one_secret_is_limited_as_well(folder: Path) -> None:
    secret(folder / "large", "x" * (MAX_SECRET_BYTES + 1))
    with pytest.raises(ValueError, match="'large' has more than"):
        read_secret("file:large", "password")
    secret(folder / "spaces", "  two words\t \n\n")
    assert read_secret("file:spaces", "password") == "  two words"
