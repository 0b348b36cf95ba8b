"""Every parser of untrusted bytes, with the errors that it may raise: all others are defects."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import httpx

from streamlab.client import mp4
from streamlab.client.events import read_event
from streamlab.client.http import read_events
from streamlab.client.problems import problem_of, retry_after_s
from streamlab.config.file import read_configuration
from streamlab.core.h264.access_unit import AccessUnitReader
from streamlab.core.h264.nal import split_annex_b, split_length_prefixed
from streamlab.core.h264.parameter_sets import ParameterSets
from streamlab.core.h264.sps import VideoSignal, describe_signal, parse_sps
from streamlab.core.mp4.display_matrix import orientation_of
from streamlab.detect.onnx_metadata import read_metadata
from streamlab.detect.text import printable
from streamlab.errors import StreamlabError
from streamlab.media.limits import SourceLimits
from streamlab.media.references import local_references
from streamlab.media.spec import SourceSpec
from tests.fuzz.seeds import (
    EVENTS_READ,
    EVENTS_SENT,
    EXTRADATA,
    H264,
    INIT,
    MEDIA,
    SPS,
    allowed_folder,
)

_REQUEST = httpx.Request("GET", "http://127.0.0.1:8000/streams/sse/a/dual")
EVENTS = (
    "connected", "init", "fragment", "detections", "sync", "switched", "gap", "source", "health",
    "heartbeat", "end",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """A parser, and inputs that it is fed at first."""

    parse: Callable[[bytes], object]
    seeds: tuple[bytes, ...]

    def run(self, data: bytes) -> None:
        """Parse; raise only what is a defect."""
        with suppress(StreamlabError):  # it says what is wrong with the input
            self.parse(data)


def _annex_b(data: bytes) -> None:
    for nal in split_annex_b(data):
        bytes(nal)


def _length_prefixed(data: bytes) -> None:
    for nal in split_length_prefixed(data[1:], 1 + (data[:1] or b"\0")[0] % 4):
        bytes(nal)


def _access_units(data: bytes) -> None:
    size = int.from_bytes(data[:1], "big")
    reader = AccessUnitReader(data[1 : 1 + size])
    for unit in _pieces(data[1 + size :]):
        reader.receive_unit(unit)


def _pieces(data: bytes) -> Iterator[bytes]:
    while data:
        size = 1 + data[0]
        yield data[1 : 1 + size]
        data = data[1 + size :]


def _describe(sps: bytes) -> None:
    parse_sps(describe_signal(sps, VideoSignal(full_range=True, primaries=1, transfer=1, matrix=1)))


def _event(data: bytes) -> None:
    read_event(EVENTS[(data[:1] or b"\0")[0] % len(EVENTS)], data[1:].decode("utf-8", "replace"))


def _event_stream(data: bytes) -> None:
    headers = {"content-type": "text/event-stream"}
    response = httpx.Response(200, headers=headers, stream=_Chunks(data), request=_REQUEST)
    asyncio.run(_read_all(response))


async def _read_all(response: httpx.Response) -> None:
    async for event in read_events(response):
        read_event(event.event, event.data)


class _Chunks(httpx.AsyncByteStream):
    def __init__(self, data: bytes) -> None:
        self._data = data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in _pieces(self._data):
            yield piece


def _problem(data: bytes) -> None:
    retry_after, _, body = data.partition(b"\n")
    headers = [(b"content-type", b"application/problem+json"), (b"retry-after", retry_after)]
    response = httpx.Response(503, headers=headers, content=body, request=_REQUEST)
    problem_of(response)
    assert 0 <= retry_after_s(response) < float("inf")


def _reference(data: bytes) -> None:
    """Open what a playlist names: nothing outside the allowed folder, whatever its name."""
    folder = allowed_folder()
    url = data.split(b"\0")[0].decode("utf-8", "surrogateescape").replace("@", str(folder))
    with suppress(OSError):
        references = local_references(SourceLimits((folder,)))
        name = references.open(url).name
        references.close()
        assert Path(name).resolve().is_relative_to(folder)


def _source(data: bytes) -> None:
    spec = SourceSpec.parse(data.decode("utf-8", "surrogateescape"))
    assert "\0" not in spec.display


def _metadata(data: bytes) -> None:
    key, _, value = data.decode("utf-8", "replace").partition("=")
    read_metadata({key: value}, "model.onnx")


def _configuration(data: bytes) -> None:
    with NamedTemporaryFile(suffix=".toml") as file:
        file.write(data)
        file.flush()
        read_configuration(Path(file.name))


def _text(data: bytes) -> None:
    whole = data[: len(data) // 2 * 2]
    printable(whole.decode("utf-16-le", "surrogatepass")).encode()


def _rebase(data: bytes) -> None:
    mp4.rebase(data[8:], struct.unpack(">Q", data[:8].ljust(8, b"\0"))[0])


TARGETS = {
    "mp4-configuration": Target(mp4.avc_configuration, (INIT,)),
    "mp4-frames": Target(mp4.frames_data, (MEDIA,)),
    "mp4-rebase": Target(_rebase, (bytes(8) + MEDIA,)),
    "display-matrix": Target(orientation_of, (bytes(36),)),
    "nal-annex-b": Target(_annex_b, (H264,)),
    "nal-length-prefixed": Target(_length_prefixed, (b"\3" + H264,)),
    "access-units": Target(_access_units, (b"\0" + H264,)),
    "sps": Target(parse_sps, (SPS,)),
    "sps-description": Target(_describe, (SPS,)),
    "event": Target(_event, EVENTS_READ),
    "event-stream": Target(_event_stream, EVENTS_SENT),
    "problem": Target(
        _problem,
        (
            b'5\n{"type": "urn:streamlab:problem:limit", "detail": "full"}',
            b"Sun, 06 Nov 1994 08:49:37 GMT\n{}",
        ),
    ),
    "reference": Target(
        _reference, (b"@/in.ts", b"file://@/in.ts", b"@/link.ts", b"@/../secret.ts", b"data:,a")
    ),
    "source": Target(
        _source, (b"synthetic://traffic?fps=30", b"rtsp://u:p@[::1]:554/a", b"udp://@:5")
    ),
    "model-metadata": Target(_metadata, (b"names={0: 'car'}", b"imgsz=[640, 640]", b"stride=32")),
    "text": Target(_text, ("car".encode("utf-16-le"), b"\0\xd8")),
    "configuration": Target(_configuration, (b'[[cameras]]\nname = "a"\nsource = "a.mp4"\n',)),
    "extradata": Target(ParameterSets.from_extradata, (EXTRADATA,)),
}
