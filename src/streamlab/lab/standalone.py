"""Cameras of a dashboard that is not mounted in a server: one lab, shared by all sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

from streamlab.dashboard.cameras import Cameras
from streamlab.lab.lab import Lab
from streamlab.media.spec import SourcePolicy, SourceSpec

DEMO = "synthetic://traffic"


class StandaloneCameras:
    """Runs a lab and its server for a standalone dashboard.

    Args:
        sources: each ``NAME=SOURCE`` or just a source; if empty, ``DEMO``.
        page_origin: the origin of the dashboard's pages, which may read the video.

    Raises:
        SourceError: a source cannot be used (also its subclasses).
        ModelError: the shipped model cannot be used (also its subclasses).
    """

    def __init__(self, sources: Sequence[str], page_origin: str) -> None:
        self.lab = Lab(name="dashboard", allowed_origins=_origins(page_origin))
        named = [_name_and_source(text) for text in sources or [DEMO]]
        for name, source in named:
            self.lab.add(source, name)
        self.base_url = self.lab.serve().rstrip("/")
        runtime = self.lab._runtime
        settings = runtime.manager.settings
        policy = SourcePolicy.of(
            settings.allowed_schemes,
            settings.allowed_folders,
            [SourceSpec.parse(source) for _, source in named],
        )
        loop = runtime.ask(asyncio.get_running_loop)
        self.cameras = Cameras(runtime.manager, runtime.subscriptions, loop, policy)


def _name_and_source(text: str) -> tuple[str | None, str]:
    name, equals, source = text.partition("=")
    named = equals and name.replace("-", "").replace("_", "").isalnum()
    return (name, source) if named else (None, text)


def _origins(page_origin: str) -> list[str]:
    """Return the origin, and the same one under the machine's other loopback name."""
    parts = urlsplit(page_origin)
    names = {"localhost": "127.0.0.1", "127.0.0.1": "localhost"}
    other = names.get(parts.hostname or "")
    port = f":{parts.port}" if parts.port else ""
    return [page_origin, *([f"{parts.scheme}://{other}{port}"] if other else [])]
