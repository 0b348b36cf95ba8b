"""The form for a new camera, answered without a browser."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import pytest

pytest.importorskip("panel")
from streamlab.dashboard.adding import Adding
from streamlab.dashboard.cameras import Cameras
from streamlab.dashboard.choices import Choices
from streamlab.dashboard.wall import Wall
from streamlab.errors import (
    CameraExistsError,
    InvalidRequestError,
    LimitError,
    ModelNotFoundError,
    SourceNotAllowedError,
    StreamlabError,
)

T = TypeVar("T")
CHOICES = Choices([("", "the server's: street")], "Allowed here: none.", "")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Await it in a thread of its own: a browser of other tests may have a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class Page:
    """What the form is told, in place of a browser and of cameras that take as long as wanted."""

    def __init__(self, error: StreamlabError | None = None) -> None:
        self.told: list[tuple[str, str]] = []
        self.added: list[str] = []
        self.asked: list[tuple[str, str, str]] = []
        self.choices: dict[str, Any] = {}
        self.opened = asyncio.Event()
        self._error = error
        self.adding = Adding(cast(Cameras, Served(self)), self._show_added)

    def report_added(self, wrong: str = "", field: str = "") -> None:
        self.told.append((wrong, field))

    async def open(self, name: str) -> str:
        await self.opened.wait()
        if self._error is not None:
            raise self._error
        return name or "traffic"

    async def send(self, **message: Any) -> None:
        await self.adding.receive(cast(Wall, self), message)

    async def _show_added(self, camera_id: str) -> None:
        self.added.append(camera_id)


class Served:
    """The cameras of a page."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def add(self, source: str, name: str, model: str) -> str:
        self._page.asked.append((source, name, model))
        return await self._page.open(name)

    async def choices(self) -> Choices:
        return CHOICES


def test_what_is_asked_for_is_added() -> None:
    async def scenario() -> Page:
        page = Page()
        page.opened.set()
        await page.send(type="choices")
        await page.send(type="add", source="synthetic://traffic", name="yard", model="street")
        await page.send(type="add", source="synthetic://traffic")
        return page

    page = run(scenario())
    assert page.choices["source_help"] == "Allowed here: none."
    assert page.asked == [
        ("synthetic://traffic", "yard", "street"),
        ("synthetic://traffic", "", ""),
    ]
    assert page.added == ["yard", "traffic"]
    assert page.told == [("", ""), ("", "")]


@pytest.mark.parametrize(
    ("error", "field"),
    [
        (SourceNotAllowedError("'/etc' is outside the allowed folders", hint="No."), "source"),
        (ModelNotFoundError("there is no model 'x.onnx'"), "model"),
        (
            InvalidRequestError("only synthetic cameras have a ground truth: choose another"),
            "model",
        ),
        (CameraExistsError("camera 'yard' already exists"), "name"),
        (InvalidRequestError("name: use letters, digits"), "name"),
        (LimitError("there are already 9 cameras"), ""),
    ],
)
def test_an_error_is_told_in_a_sentence_at_its_field(error: StreamlabError, field: str) -> None:
    async def scenario() -> Page:
        page = Page(error)
        page.opened.set()
        await page.send(type="add", source="x")
        return page

    page = run(scenario())
    ((words, told_field),) = page.told
    assert told_field == field
    assert words[0] in "'T" or words[0].isupper()
    assert words.endswith(".")
    assert not page.added


def test_a_form_that_is_closed_adds_nothing() -> None:
    async def scenario() -> Page:
        page = Page()
        adding = asyncio.create_task(page.send(type="add", source="x"))
        while not page.asked:
            await asyncio.sleep(0)
        await page.send(type="cancel")
        await adding
        await page.send(type="cancel")
        return page

    page = run(scenario())
    assert (page.added, page.told) == ([], [])


def test_of_two_requests_the_last_counts() -> None:
    async def scenario() -> Page:
        page = Page()
        first = asyncio.create_task(page.send(type="add", source="x", name="first"))
        while not page.asked:
            await asyncio.sleep(0)
        second = asyncio.create_task(page.send(type="add", source="x", name="second"))
        while len(page.asked) < 2:
            await asyncio.sleep(0)
        page.opened.set()
        await asyncio.gather(first, second)
        return page

    assert run(scenario()).added == ["second"]


def test_messages_that_no_page_sends_do_no_harm() -> None:
    async def scenario() -> Page:
        page = Page()
        page.opened.set()
        for message in ({}, {"type": ["add"]}, {"type": "add", "source": {"a": 1}, "name": 7}):
            await page.send(**cast(dict[str, Any], message))
        return page

    assert run(scenario()).asked == [("{'a': 1}", "7", "")]
