"""Every place where the health of a camera is shown, read as a user or a program reads it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
from playwright.sync_api import Browser, Page

from streamlab.lab.lab_camera import LabCamera
from tests.browser.page import new_page

TIMEOUT_S = 120.0
PARTS = ("encoder", "detector", "renderer")
TAB = """(id) => {
  const { dataset, title } = document.querySelector(`[data-open-camera="${id}"]`) ?? {};
  return dataset ? `${dataset.state}: ${title}` : "";
}"""
MESSAGE = "() => document.querySelector('#message-text').textContent"
OF_TILE = """([id, name]) =>
  document.querySelector(`.streamlab-tile[data-camera="${id}"] .${name}`)?.textContent ?? ''"""

Surface = Callable[[], str]


class Lines:
    """Reads lines in a thread, and keeps what a function makes of them."""

    def __init__(self, lines: Iterator[str], keep: Callable[[str], None]) -> None:
        self._thread = threading.Thread(target=self._read, args=(lines, keep), daemon=True)
        self._thread.start()

    def _read(self, lines: Iterator[str], keep: Callable[[str], None]) -> None:
        try:
            for line in lines:
                keep(line)
        except (httpx.TransportError, httpx.StreamError, ValueError):
            pass  # closed at the end of the test

    def join(self) -> None:
        self._thread.join(TIMEOUT_S)


class NewestEvents:
    """The newest of each kind of event, as far as it says what is wrong."""

    def __init__(self, read: Callable[[str, dict[str, Any]], tuple[str, str]]) -> None:
        """``read`` returns the kind of an event and what it says, from its name and its data."""
        self._read = read
        self._newest: dict[str, str] = {}
        self._name = ""

    def keep(self, line: str) -> None:
        key, _, value = line.partition(": ")
        if key == "event":
            self._name = value
        elif key == "data":
            kind, said = self._read(self._name, json.loads(value))
            self._newest[kind] = said

    def text(self) -> str:
        return "\n".join(self._newest.values())


def of_viewer(name: str, data: dict[str, Any]) -> tuple[str, str]:
    """Read an event of a stream: ``source``, or ``health`` of a channel."""
    if name == "health":
        bad = [data[part] for part in PARTS if data.get(part, {}).get("state") == "failing"]
        return data["channel"], json.dumps(bad) if bad else ""
    return name, json.dumps(data) if name == "source" and data["state"] != "live" else ""


def of_server(name: str, data: dict[str, Any]) -> tuple[str, str]:
    """Read an event of ``GET /events``."""
    return name, data["detail"]


@contextmanager
def followed(url: str, keep: Callable[[str], None]) -> Iterator[None]:
    """Follow server-sent events."""
    with httpx.Client(timeout=None) as client, client.stream("GET", url) as answer:
        lines = Lines(answer.iter_lines(), keep)
        yield
        answer.close()
        lines.join()


@contextmanager
def watching(url: str, camera_id: str, *options: str) -> Iterator[Surface]:
    """Run `streamlab watch`; its newest line is what it says."""
    newest = [""]
    command = [sys.executable, "-m", "streamlab", "watch", url, camera_id, *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        lines = Lines(process.stdout, lambda line: newest.__setitem__(0, line))
        yield lambda: newest[0]
        process.terminate()
        lines.join()


def listed(http: httpx.Client, url: str, camera_id: str) -> str:
    """Return what is wrong with a camera according to `GET /cameras`."""
    cameras: list[dict[str, Any]] = http.get(f"{url}cameras").json()["cameras"]
    (camera,) = (each for each in cameras if each["camera_id"] == camera_id)
    parts = [channel.get(name) or {} for channel in camera["channels"] for name in PARTS]
    bad = [part for part in parts if part.get("state") == "failing"]
    source = "" if camera["state"] == "live" else f"{camera['state']} {camera['detail']}"
    return "\n".join([source, *map(json.dumps, bad)]).strip()


@contextmanager
def surfaces(cam: LabCamera, url: str, pages: Mapping[str, Page]) -> Iterator[dict[str, Surface]]:
    """Open every surface of a camera."""
    name, viewer, server = cam.name, NewestEvents(of_viewer), NewestEvents(of_server)
    with ExitStack() as stack:
        http = stack.enter_context(httpx.Client(timeout=60))
        stack.enter_context(
            followed(f"{url}streams/sse/{name}/dual?initial_channel=both", viewer.keep)
        )
        stack.enter_context(followed(f"{url}events?camera_id={name}", server.keep))
        watch = stack.enter_context(watching(url, name))
        pages["single"].goto(f"{url}?camera_id={name}")
        yield {
            "cam.health": lambda: "\n".join(cam.health.problems),
            "repr(cam)": lambda: repr(cam).partition("\n")[2],
            "GET /cameras": lambda: listed(http, url, name),
            "health and source": viewer.text,
            "GET /events": server.text,
            "/metrics": lambda: http.get(f"{url}metrics").text,
            "streamlab watch": watch,
            "camera tab": lambda: str(pages["single"].evaluate(TAB, name)),
            "page": lambda: str(pages["single"].evaluate(MESSAGE)),
            "grid tile": lambda: str(pages["grid"].evaluate(OF_TILE, [name, "tile-words"])),
            "dashboard tile": lambda: str(
                pages["dashboard"].evaluate(OF_TILE, [name, "tile-words"])
            ),
            "dashboard table": lambda: "\n".join(
                pages["dashboard"].locator(f"tr[data-camera='{name}'] td").last.all_text_contents()
            ),
        }


@contextmanager
def opened_pages(chromium: Browser, url: str) -> Iterator[dict[str, Page]]:
    """Open the pages that show all cameras, and one for a single camera."""
    with ExitStack() as stack:
        pages = {
            name: stack.enter_context(new_page(chromium))
            for name in ("single", "grid", "dashboard")
        }
        pages["grid"].goto(f"{url}?layout=grid")
        pages["dashboard"].goto(f"{url}dashboard/")
        pages["dashboard"].wait_for_selector(".streamlab-tile canvas")
        pages["dashboard"].locator('[data-do="layout"][data-value="grid"]').click()
        pages["dashboard"].locator('[data-do="tab"][data-value="health"]').click()
        yield pages
