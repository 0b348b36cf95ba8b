"""Persists the cameras added while a server runs, so that they survive a restart.

One JSON file, replaced as a whole and readable by its owner only: sources contain credentials. A
file that cannot be parsed is renamed, with a warning, and the server starts without its cameras.
Entries that are not used, because they are no longer valid or beyond the limit, stay in the file.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from pydantic import SecretStr, TypeAdapter, ValidationError

from streamlab.config.camera import CameraConfig
from streamlab.errors import ConfigurationError, LimitError, StateError

log = logging.getLogger(__name__)
MAX_BYTES = 4_194_304
MAX_KEPT = 1000
_FILE = TypeAdapter(list[dict[str, Any]])


class CameraStore:
    """Stores cameras in a file in ``folder``, which is created if it does not exist.

    Thread-safe. Every method blocks; changes are on the disk when it returns.
    """

    def __init__(self, folder: Path, *, max_cameras: int) -> None:
        self.path = folder / "cameras.json"
        self._max_cameras = max_cameras
        self._changing = threading.Lock()
        self._cameras: dict[str, CameraConfig] = {}
        self._kept: list[dict[str, Any]] = []  # entries of the file that are not used

    def load(self) -> Mapping[str, CameraConfig]:
        """Read the file and return its cameras by name.

        A camera that is no longer valid, or beyond ``max_cameras``, is left out with a warning,
        and stays in the file (``MAX_KEPT`` more than ``max_cameras``). Raises ConfigurationError
        if the folder or the file cannot be used at all.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self.path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return {}
        except OSError as error:
            message = f"state_folder: cannot read '{self.path}': {error.strerror}"
            raise ConfigurationError([message]) from None
        try:
            if len(data) > MAX_BYTES:
                raise ValueError("it is too large")
            tables = _FILE.validate_json(data)
        except ValueError:
            self._set_aside()
            return {}
        with self._changing:
            most = self._max_cameras + MAX_KEPT
            if len(tables) > most:
                log.warning("only the first %d cameras in %s are kept", most, self.path)
            self._cameras = {}
            self._kept = [table for table in tables[:most] if not self._take(table)]
            return dict(self._cameras)

    def put(self, camera: CameraConfig) -> None:
        """Store a camera, replacing one of the same name. Raises LimitError, StateError."""
        with self._changing:
            if camera.name not in self._cameras and len(self._cameras) >= self._max_cameras:
                raise LimitError(f"{self._max_cameras} cameras are stored already")
            kept = [table for table in self._kept if table.get("name") != camera.name]
            self._write({**self._cameras, camera.name: camera}, kept)

    def remove(self, name: str) -> None:
        """Remove a camera if it is stored. Raises StateError."""
        with self._changing:
            if name in self._cameras:
                others = {key: value for key, value in self._cameras.items() if key != name}
                self._write(others, self._kept)

    def _take(self, table: dict[str, Any]) -> bool:
        """Use an entry of the file; return False, with a warning, if it is left out."""
        try:
            camera = CameraConfig.model_validate(table)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            log.warning("a camera in %s is left out: %s", self.path, wrong)
            return False
        if camera.name not in self._cameras and len(self._cameras) >= self._max_cameras:
            limit = f"max_cameras is {self._max_cameras}"
            log.warning("camera '%s' in %s is left out: %s", camera.name, self.path, limit)
            return False
        self._cameras[camera.name] = camera
        return True

    def _set_aside(self) -> None:
        aside = self.path.with_suffix(".json.corrupt")
        try:
            self.path.replace(aside)
        except OSError as error:
            message = f"state_folder: cannot replace '{self.path}': {error.strerror}"
            raise ConfigurationError([message]) from None
        log.warning("%s could not be read; it is now %s", self.path, aside.name)

    def _write(self, cameras: Mapping[str, CameraConfig], kept: list[dict[str, Any]]) -> None:
        tables = [*map(_table, cameras.values()), *kept]
        data = _FILE.dump_json(tables, indent=2)
        if len(data) > MAX_BYTES:
            raise LimitError(f"the cameras stored would take more than {MAX_BYTES} bytes")
        beside: Path | None = None
        try:
            # A temporary file is readable by its owner only.
            with NamedTemporaryFile(dir=self.path.parent, prefix=".cameras-", delete=False) as file:
                beside = Path(file.name)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
        except OSError as error:
            if beside is not None:
                beside.unlink(missing_ok=True)
            raise StateError(
                f"cannot write '{self.path}': {error.strerror}",
                hint="Make room on the disk, or check the permissions of state_folder.",
            ) from error
        self._cameras, self._kept = dict(cameras), kept


def _table(camera: CameraConfig) -> dict[str, Any]:
    return {name: _plain(value) for name, value in camera.model_dump(exclude_defaults=True).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value
