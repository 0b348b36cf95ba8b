"""The streams of one widget's views, and the messages from their front ends.

A widget may be displayed several times, in one page or in several. Each display is a view with its
own stream; all streams of a camera share its encoders. A view sends:

- ``open`` (``view_id``, ``query`` as in the wire protocol): start or restart the stream;
- ``ack`` (``view_id``, ``number``): every batch up to this one has been received;
- ``keep`` (``view_id``): end the stream; the display is hidden, or shows that the camera has ended;
- ``leave`` (``view_id``): end the stream; the page is left, and may come back;
- ``close`` (``view_id``): end the stream, for the display was removed;
- ``request`` (``view_id``, ``id``, ``action`` and its values): answered by ``reply`` with the
  same ``id`` and either ``ok`` or the members of a problem document.

Displaying a widget opens a stream before any view has sent a message (``ANNOUNCED``), so that video
starts even while a cell runs. That stream ends when a view opens its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextvars import Context, copy_context
from typing import Any

from streamlab.clock import monotonic_ns
from streamlab.core.channels import QualityLevel, View
from streamlab.errors import StreamlabError, SwitchTimeoutError
from streamlab.lab.displays import ANNOUNCED
from streamlab.lab.feed import ViewFeed
from streamlab.lab.shown_camera import ShownCamera

MAX_VIEWS = 16
Message = dict[str, Any]
Query = Mapping[str, str]


class ViewFeeds:
    """Opens and closes the streams of one widget's views. For use in the lab's loop.

    ``send`` takes a message and its buffers, and must be callable from any thread.
    """

    def __init__(self, cam: ShownCamera, send: Callable[[Message, list[bytes]], None]) -> None:
        self._cam = cam
        self._send = send
        self._feeds: dict[str, ViewFeed] = {}
        self._answers: set[asyncio.Task[None]] = set()
        cam.runtime.check_regularly(self)

    def announce(self, query: Query) -> None:
        """Open a stream for a view that is about to be shown."""
        self._open(ANNOUNCED, query, copy_context())

    def follow(self, cam: ShownCamera) -> None:
        """Continue with ``cam``, which has replaced this camera; the views reopen."""
        self.close()
        self._cam = cam
        self._send({"type": "reopen"}, [])

    def receive(self, message: Message, context: Context) -> None:
        """Process a message from a view.

        Events for the view are sent in ``context``, the one that the message arrived in: kernels
        with subshells deliver the view's later messages where that context belongs.
        """
        view_id = str(message.get("view_id"))
        feed = self._feeds.get(view_id)
        if feed is not None:
            feed.credit.receive_word(monotonic_ns())
        match message.get("type"):
            case "open":
                self._close(ANNOUNCED)
                self._open(view_id, message["query"], context)
            case "ack" if feed is not None:
                feed.receive_ack(int(message["number"]))
            case "close" | "keep" | "leave":
                self._close(view_id)
            case "request":
                task = asyncio.get_running_loop().create_task(self._answer(view_id, message))
                self._answers.add(task)  # the loop holds only weak references to tasks
                task.add_done_callback(self._answers.discard)
            case _:
                pass

    def check(self) -> None:
        """Close the streams of views that are gone."""
        for view_id, feed in list(self._feeds.items()):
            feed.close_if_gone()
            if feed.closed:
                self._close(view_id)

    def close(self) -> None:
        """End all streams."""
        for view_id in list(self._feeds):
            self._close(view_id)

    def _open(self, view_id: str, query: Query, context: Context) -> None:
        self._close(view_id)
        if len(self._feeds) >= MAX_VIEWS:
            self._close(next(iter(self._feeds)))
        shown = query.get("initial_channel", "none")
        try:
            camera, runtime = self._cam.camera, self._cam.runtime
            qualities = {
                channel: query.get(f"{channel}_quality", QualityLevel.MEDIUM)
                for channel in camera.channels
            }
            channels = () if shown == "none" else View(shown).channels
            connection = runtime.subscriptions.open(camera, channels, qualities)
        except StreamlabError as error:
            self._send(_refused(view_id, error), [])
            return
        self._feeds[view_id] = ViewFeed(
            camera,
            runtime.subscriptions,
            connection,
            self._cam.history,
            runtime.listener,
            self._sender(view_id, context),
        )

    def _close(self, view_id: str) -> None:
        feed = self._feeds.pop(view_id, None)
        if feed is not None:
            feed.close()

    def _sender(self, view_id: str, context: Context) -> Callable[[int, str, list[bytes]], None]:
        def send(number: int, text: str, buffers: list[bytes]) -> None:
            message = {"type": "events", "view_id": view_id, "number": number, "text": text}
            context.run(self._send, message, buffers)

        return send

    async def _answer(self, view_id: str, message: Message) -> None:
        answer: Message = {"type": "reply", "view_id": view_id, "id": message["id"]}
        try:
            await self._act(view_id, message)
            answer["ok"] = True
        except StreamlabError as error:
            answer |= _problem(error)
        self._send(answer, [])

    async def _act(self, view_id: str, message: Message) -> None:
        cam, feed = self._cam, self._feeds.get(view_id)
        subscriptions = cam.runtime.subscriptions
        match message["action"]:
            case "switch" if feed is not None:
                quality = message.get("quality")
                await subscriptions.switch(
                    cam.camera,
                    feed.connection,
                    View(message["channel"]),
                    quality,
                )
            case "subscribe" if feed is not None:
                cam.camera.subscribe_detections(feed.connection, wanted=True)
            case "unsubscribe" if feed is not None:
                cam.camera.subscribe_detections(feed.connection, wanted=False)
            case "sync":
                cam.change_sync(message["values"])
            case "inject":
                cam.change_faults(message["faults"], message.get("seconds"))
            case _:
                raise StreamlabError("the stream is closed", hint="It reconnects automatically.")


def refusal(message: Message, error: StreamlabError) -> Message | None:
    """Return the answer to a message that ``error`` prevents, or None if it needs none."""
    view_id = str(message.get("view_id"))
    if message.get("type") == "request":
        return {"type": "reply", "view_id": view_id, "id": message["id"], **_problem(error)}
    return _refused(view_id, error) if message.get("type") == "open" else None


def _refused(view_id: str, error: StreamlabError) -> Message:
    return {"type": "refused", "view_id": view_id, **_problem(error)}


def _problem(error: StreamlabError) -> Message:
    """Return the members of a problem document; status 504 makes the page try again."""
    status = 504 if isinstance(error, SwitchTimeoutError) else 422
    return {"ok": False, "status": status, "detail": error.message, "hint": error.hint}
