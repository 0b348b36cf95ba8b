"""The configuration file: settings and ``[[cameras]]``, validated as a whole.

All mistakes are collected, each with its line, and raised together, so that correcting a file does
not take one server start per mistake.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from streamlab.config.camera import CameraConfig
from streamlab.config.lines import line_of
from streamlab.credentials import redacted
from streamlab.errors import ConfigurationError
from streamlab.secret import is_reference, warn_if_readable
from streamlab.settings import CAMERAS, DEFAULT_FILE, Settings, settings_of

MAX_BYTES = 1_048_576
MAX_CAMERAS = 10_000
TOKENS = ("tokens", "admin_tokens", "unredacted_tokens")
_LINE = re.compile(r" \(at line (\d+), column \d+\)")


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings of a file, overridden by the environment, and its cameras."""

    settings: Settings
    cameras: tuple[CameraConfig, ...] = ()


def read_configuration(path: Path | None = None) -> Configuration:
    """Read ``path``, or ``streamlab.toml`` in the working directory if it exists.

    Raises ConfigurationError with all mistakes, each as ``file:line: what``.
    """
    if path is None and not DEFAULT_FILE.is_file():
        return Configuration(settings_of({}))
    return _Reader(path or DEFAULT_FILE).read()


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._mistakes: list[tuple[int, str]] = []
        self._text = ""
        self._mode = 0

    def read(self) -> Configuration:
        self._text = self._read_text()
        table = self._parse()
        settings = self._settings(table)
        cameras = tuple(self._cameras(table.get(CAMERAS, [])))
        if self._mistakes:
            raise self._error()
        assert settings is not None
        for name in sorted(_plain_secrets(table)):
            warn_if_readable(self._mode, name, self._path)
        return Configuration(settings, cameras)

    def _error(self) -> ConfigurationError:
        return ConfigurationError(
            [
                f"{self._path}:{line}: {what}" if line else f"{self._path}: {what}"
                for line, what in sorted(self._mistakes)
            ]
        )

    def _read_text(self) -> str:
        try:
            with self._path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
                self._mode = os.fstat(file.fileno()).st_mode
            if len(data) > MAX_BYTES:
                raise ConfigurationError([f"{self._path} has more than {MAX_BYTES} bytes"])
            return data.decode().replace("\r\n", "\n")
        except OSError as error:
            raise ConfigurationError([f"cannot read {self._path}: {error.strerror}"]) from None
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise ConfigurationError([f"{self._path}:{line}: not UTF-8"]) from None

    def _parse(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self._text)
        except RecursionError:
            self._mistakes.append((0, "it is nested too deeply"))
            raise self._error() from None
        except ValueError as error:  # TOMLDecodeError, or an integer of thousands of digits
            found = _LINE.search(str(error))
            line = int(found[1]) if found else len(self._text.splitlines())
            self._mistakes.append((line, _LINE.sub("", str(error))))
            raise self._error() from None

    def _settings(self, table: dict[str, Any]) -> Settings | None:
        try:
            return settings_of(table)
        except ValidationError as error:
            for details in error.errors(include_input=False):
                variable = f"STREAMLAB_{details['loc'][0]}".upper()
                if variable in os.environ:
                    self._mistakes.append(
                        (0, f"environment variable {variable}: {_words(details)}")
                    )
                else:
                    self._add(details, [])
        return None

    def _cameras(self, tables: Any) -> Iterator[CameraConfig]:
        if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
            self._mistakes.append((line_of(self._text, [CAMERAS]), "write [[cameras]] tables"))
            return
        if len(tables) > MAX_CAMERAS:
            self._mistakes.append((0, f"more than {MAX_CAMERAS} cameras"))
            return
        names: set[str] = set()
        for index, table in enumerate(tables):
            name = table.get("name")
            if isinstance(name, str) and name in names:
                line = line_of(self._text, [CAMERAS, index, "name"])
                self._mistakes.append((line, f"camera '{name}' is named twice"))
            names.add(str(name))
            try:
                context = {"folder": self._path.parent}
                yield CameraConfig.model_validate(table, context=context)
            except ValidationError as error:
                for details in error.errors(include_input=False):
                    self._add(details, [CAMERAS, index])

    def _add(self, details: ErrorDetails, table: Sequence[str | int]) -> None:
        place = [*table, *details["loc"]]
        key = ".".join(str(part) for part in details["loc"])
        words = f"{key}: {_words(details)}" if key else _words(details)
        self._mistakes.append((line_of(self._text, place), words))


def _plain_secrets(table: dict[str, Any]) -> set[str]:
    """Return the names of the keys that hold a secret instead of naming one."""
    found = {key for key in TOKENS if any(map(_is_plain, _tokens(table.get(key, []))))}
    for camera in table.get(CAMERAS, []):
        found |= {key for key in ("username", "password") if _is_plain(camera.get(key))}
        found |= {"query"} if any(map(_is_plain, camera.get("query", {}).values())) else set()
        found |= {"source"} if redacted(camera["source"]) != camera["source"] else set()
    return found


def _tokens(setting: str | list[str | dict[str, Any]]) -> list[str]:
    tokens = [setting] if isinstance(setting, str) else setting
    return [each["token"] if isinstance(each, dict) else each for each in tokens]


def _is_plain(secret: str | None) -> bool:
    return secret is not None and not is_reference(secret)


def _words(details: ErrorDetails) -> str:
    """Return the mistake in terms that do not presuppose pydantic."""
    if details["type"] == "extra_forbidden":
        return "there is no such key"
    if details["type"] == "missing":
        return "this key is missing"
    return details["msg"].removeprefix("Value error, ").replace("Input should", "it should")
