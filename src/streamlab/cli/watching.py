"""The main loop of `streamlab watch`: reads a stream, records it, and shows figures."""

from __future__ import annotations

import asyncio
import json
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rich.live import Live

from streamlab.cli.terminal import err, out
from streamlab.cli.watched import WatchedCamera, line, picture, summary
from streamlab.client import AsyncClient, AsyncStream, RecordError, Recording
from streamlab.clock import monotonic_ns, wall_s
from streamlab.core.channels import ENCODED_QUALITIES, QualityLevel, View
from streamlab.credentials import redacted
from streamlab.errors import InvalidRequestError
from streamlab.signals import stop_signals

REFRESH_S = 0.25
REPORT_S = 1.0
_DIGITS = re.compile(r"\d+")  # what is counted in a problem makes it no other one

Reports = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """The options of `streamlab watch`."""

    url: str = field(repr=False)  # may contain credentials
    token: str | None = field(repr=False)
    camera: str | None
    channels: View
    quality: QualityLevel
    payload: Literal["inline", "url"]
    folder: Path | None
    files: Mapping[str, Path]
    seconds: float | None
    as_json: bool


async def watch(options: WatchOptions) -> None:
    """Watch until the server ends the stream, the time is up, or a stop signal arrives.

    Raises StreamlabError.
    """
    task = asyncio.current_task()
    assert task is not None
    with stop_signals(lambda _: task.cancel()), suppress(asyncio.CancelledError):
        async with AsyncClient(options.url, options.token) as client:
            names = [options.camera] if options.camera else await _camera_ids(client)
            cameras = {name: WatchedCamera(name) for name in names}
            recordings = _recordings(options, names)
            encoded = options.quality in ENCODED_QUALITIES
            stream = client.watch(
                names[0] if len(names) == 1 else names,
                options.channels,
                raw_quality=options.quality,
                annotated_quality=options.quality if encoded else QualityLevel.MEDIUM,
                payload=options.payload,
            )
            async with stream:
                await _show(options, stream, cameras, recordings)


async def _show(
    options: WatchOptions,
    stream: AsyncStream,
    cameras: Mapping[str, WatchedCamera],
    recordings: Mapping[str, Recording],
) -> None:
    reading = asyncio.create_task(_read(stream, cameras, recordings))

    def reports() -> Reports:
        stats, now_ns, now_s = stream.stats, monotonic_ns(), wall_s()
        return [camera.report(stats, now_ns, now_s) for camera in cameras.values()]

    try:
        with _display(options) as (show, period_s):
            await _tick(reading, period_s, options, reports, show)
    finally:
        reading.cancel()
        await asyncio.wait({reading})
        for recording in recordings.values():
            recording.close()
        for text in summary(reports(), [f for r in recordings.values() for f in r.files]):
            (err if options.as_json else out).print(text, markup=False)
    if not reading.cancelled():
        reading.result()  # raises the error that ended the stream, if any


async def _read(
    stream: AsyncStream,
    cameras: Mapping[str, WatchedCamera],
    recordings: Mapping[str, Recording],
) -> None:
    async for event in stream:
        cameras[event.camera_id].receive(event)
        if event.camera_id in recordings:
            recordings[event.camera_id].receive(event)


async def _tick(
    reading: asyncio.Task[None],
    period_s: float,
    options: WatchOptions,
    reports: Callable[[], Reports],
    show: Callable[[Reports], None],
) -> None:
    """Show reports each period, until ``reading`` is done or the time is up.

    What goes wrong between two periods, or is over, is shown to people at once.
    """
    now_s = next_s = time.monotonic()
    end_s = math.inf if options.seconds is None else now_s + options.seconds
    shown: list[str] = []
    while not reading.done() and now_s < end_s:
        next_s = min(next_s + period_s if now_s >= next_s else next_s, end_s)
        await asyncio.wait({reading}, timeout=min(REFRESH_S, max(0.0, next_s - now_s)))
        now_s, newest = time.monotonic(), reports()
        problems = [_DIGITS.sub("", f"{each['state']} {each['problems']}") for each in newest]
        is_due = now_s >= next_s or reading.done()
        if is_due or (problems != shown and not options.as_json):
            shown = problems
            show(newest)


@contextmanager
def _display(options: WatchOptions) -> Iterator[tuple[Callable[[Reports], None], float]]:
    """Yield a function that shows reports, and the period to call it with, s."""
    if options.as_json:
        yield lambda reports: _print(map(json.dumps, reports)), REPORT_S
    elif not out.is_terminal or out.is_dumb_terminal:
        yield lambda reports: _print(map(line, reports)), REPORT_S
    else:
        title = f"{redacted(options.url)}  (Ctrl-C stops)"
        with Live(console=out, auto_refresh=False, transient=True) as live:
            yield lambda reports: live.update(picture(reports, title), refresh=True), REFRESH_S


def _print(lines: Iterator[str]) -> None:
    for text in lines:
        out.print(text, markup=False)


async def _camera_ids(client: AsyncClient) -> list[str]:
    names = [str(camera["camera_id"]) for camera in await client.cameras()]
    if not names:
        raise InvalidRequestError("the server has no cameras", hint="Add one: POST /cameras.")
    return names


def _recordings(options: WatchOptions, names: Sequence[str]) -> dict[str, Recording]:
    """Create the requested recordings by camera. Raises InvalidRequestError, RecordError."""
    wrong = set(options.files) - set(options.channels.channels)
    if wrong:
        raise InvalidRequestError(
            f"cannot record {', '.join(wrong)}: not among the watched channels",
            hint=f"Remove --channels {options.channels}.",
        )
    if options.files and len(names) > 1:
        raise InvalidRequestError(
            f"several cameras to record: {', '.join(names)}",
            hint="Name one after the URL, or record all with --record DIR.",
        )
    if options.folder is None:
        return {names[0]: Recording(options.files)} if options.files else {}
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordError(f"cannot create {options.folder}: {error.strerror}") from error
    return {name: Recording(_paths(options, name)) for name in names}


def _paths(options: WatchOptions, name: str) -> dict[str, Path]:
    assert options.folder is not None
    plain = re.sub(r"[^\w.-]", "_", name)
    stem = f"{plain}-{time.strftime('%Y%m%d-%H%M%S')}"
    folder = options.folder
    paths = {str(c): folder / f"{stem}-{c}.mp4" for c in options.channels.channels}
    return paths | dict(options.files)
