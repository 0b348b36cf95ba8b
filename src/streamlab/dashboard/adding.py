"""Adds the camera that one browser's form asks for, one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from streamlab.dashboard.cameras import Cameras
from streamlab.dashboard.wall import Wall
from streamlab.errors import CameraExistsError, ModelError, SourceError, StreamlabError

Added = Callable[[str], Awaitable[None]]


class Adding:
    """Answers the messages of the form: ``choices``, ``add`` and ``cancel``."""

    def __init__(self, cameras: Cameras, on_added: Added) -> None:
        self._cameras = cameras
        self._on_added = on_added
        self._task: asyncio.Task[str] | None = None

    async def receive(self, wall: Wall, message: dict[str, Any]) -> None:
        """Do what a message asks for; what becomes of it is shown in the form."""
        match message.get("type"):
            case "choices":
                wall.choices = asdict(await self._cameras.choices())
            case "add":
                fields = [str(message.get(name) or "") for name in ("source", "name", "model")]
                await self._add(wall, *fields)
            case "cancel" if self._task is not None:
                self._task.cancel()

    async def _add(self, wall: Wall, source: str, name: str, model: str) -> None:
        if self._task is not None:  # what was asked for last counts
            self._task.cancel()
        task = self._task = asyncio.ensure_future(self._cameras.add(source, name, model))
        await asyncio.wait([task])
        if self._task is task:
            self._task = None
        if task.cancelled():
            return
        try:
            camera_id = task.result()
        except StreamlabError as error:
            wall.report_added(words_of(error), _field_of(error))
        else:
            await self._on_added(camera_id)
            wall.report_added()


def words_of(error: StreamlabError) -> str:
    """Return what is wrong and what to do about it, in sentences."""
    end = "" if error.message.endswith((".", "!", "?")) else "."
    return f"{error.message[:1].upper()}{error.message[1:]}{end} {error.hint}".strip()


def _field_of(error: StreamlabError) -> str:
    """Return the form's field that an error is about; empty if it is about none of them."""
    if isinstance(error, ModelError) or "ground truth" in error.message:
        return "model"
    if isinstance(error, SourceError):
        return "source"
    is_name = isinstance(error, CameraExistsError) or error.message.startswith("name:")
    return "name" if is_name else ""
