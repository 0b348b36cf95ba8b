"""Keeps the store of cameras up to date while requests to keep and to forget them overlap."""

from __future__ import annotations

import asyncio

from streamlab.config.camera import CameraConfig
from streamlab.config.store import CameraStore


class KeptCameras:
    """What is to be stored for the next start. It changes at once; ``write`` follows it.

    A write stores what is wanted when its turn comes, so the last change wins, whichever write
    ends last. Without a store nothing is written.
    """

    def __init__(self, store: CameraStore | None) -> None:
        self._store = store
        self._wanted: dict[str, CameraConfig] = {}
        self._writing = asyncio.Lock()

    def keep(self, config: CameraConfig) -> None:
        """Want a camera from now on; ``write`` stores it."""
        self._wanted[config.name] = config

    def give_up(self, config: CameraConfig) -> None:
        """Want this very configuration no longer: it could not be stored."""
        if self._wanted.get(config.name) is config:
            del self._wanted[config.name]

    def forget(self, camera_id: str) -> None:
        """Want a camera no longer; the next ``write`` removes it."""
        self._wanted.pop(camera_id, None)

    async def write(self, camera_id: str) -> None:
        """Store what is wanted of this id now. Raises LimitError, StateError."""
        if self._store is None:
            return
        async with self._writing:
            config = self._wanted.get(camera_id)
            if config is None:
                await asyncio.to_thread(self._store.remove, camera_id)
            else:
                await asyncio.to_thread(self._store.put, config)
