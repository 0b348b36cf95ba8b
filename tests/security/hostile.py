"""Requests that nobody means well with, as bytes: clients would correct or refuse many of them."""

from __future__ import annotations

import json
from collections.abc import Iterable

Header = tuple[bytes, bytes]
STREAM = b"/streams/sse/street/"


def request(
    method: bytes, path: bytes, headers: Iterable[Header] = (), body: bytes | None = None
) -> bytes:
    """Return a request as it goes over the wire."""
    lines = [b"%b %b HTTP/1.1" % (method, path), b"Host: 127.0.0.1", b"Connection: close"]
    lines += [b"%b: %b" % header for header in headers]
    if body is not None:
        lines += [b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*lines, b"", body or b""])


def get(path: bytes, *headers: Header) -> bytes:
    """Return a GET request."""
    return request(b"GET", path, headers)


def post(body: bytes) -> bytes:
    """Return a request that adds a camera."""
    return request(b"POST", b"/cameras", body=body)


def patch(body: bytes) -> bytes:
    """Return a request that changes the camera `street`."""
    return request(b"PATCH", b"/cameras/street", body=body)


def source(text: str) -> bytes:
    """Return a request that adds a camera with this source."""
    return post(json.dumps({"camera_id": "sly", "source": text}).encode())


def street(query: str) -> bytes:
    """Return a request that adds a synthetic camera."""
    return source(f"synthetic://traffic?{query}")


REFUSED: dict[str, bytes] = {
    "rate with an exponent": street("fps=1e999999999"),
    "rate of 4,000 digits": street("fps=" + "9" * 4000),
    "rate with a denominator of 0": street("fps=30/0"),
    "width of 4,000 digits": street("width=" + "9" * 4000),
    "width that is odd": street("width=641"),
    "width of 0": street("width=0"),
    "height beyond the street": street("height=100000"),
    "street as a column": street("width=160&height=2160"),
    "street as a row": street("width=3840&height=90"),
    "seed below 0": street("seed=-1"),
    "2,000 parameters": street("a=&" * 1000),
    "400,000 slashes": source("/" * 400_000),
    "4,096 slashes": source("/" * 4096),
    "4,096 colons": source(":" * 4096),
    "2,000 folders up": source("/tmp" + "/.." * 1300),
    "800 options": source("/a" * 1000 + "#once" * 400),
    "2,000 hosts": source("rtsp://" + "a@" * 2000),
    "NUL": source("a\0.mp4"),
    "encoded NUL": source("file:///tmp/%00"),
    "encoded line feed": source("file:///tmp/%0a"),
    "webcam named NUL": source("webcam://%00"),
    "broken IPv6": source("http://[::1"),
    "IPv6 of letters": source("rtsp://[zz]/"),
    "port of 4,000 digits": source("udp://@:" + "9" * 4000),
    "lone surrogate in a path": source("/tmp/\udc80"),
    "lone surrogate in an address": source("rtsp://h/\ud800"),
    "lone surrogate in an id": post(b'{"camera_id": "\\ud800", "source": "x"}'),
    "lone surrogate in a key": patch(b'{"\\ud800": 1}'),
    "id of 100,000 characters": post(b'{"camera_id": "%b", "source": "x"}' % (b"a" * 100_000)),
    "brackets": post(b"[" * 500_000),
    "closed brackets": post(b"[" * 1900 + b"]" * 1900),
    "brackets for a preset": patch(b'{"faults": {"preset": %b%b}}' % (b"[" * 900, b"]" * 900)),
    "braces": post(b'{"a":' * 1900 + b"1" + b"}" * 1900),
    "100,000 keys": patch(json.dumps(dict.fromkeys(map(str, range(100_000)), 1)).encode()),
    "3,000 keys": patch(json.dumps(dict.fromkeys(map(str, range(3000)), 1)).encode()),
    "3,000 wrong classes": post(b'{"camera_id": "a", "source": "x", "classes": [%b1]}'
                                % (b"1," * 3000)),
    "integer of 5,000 digits": patch(b'{"sync_tolerance_ms": %b}' % (b"9" * 5000)),
    "integer of 4,000 digits": patch(b'{"sync_tolerance_ms": %b}' % (b"9" * 4000)),
    "seed of 4,000 digits": patch(b'{"faults": {"seed": %b}}' % (b"9" * 4000)),
    "number with an exponent": patch(b'{"sync_tolerance_ms": 1e999999999}'),
    "not a number": patch(b'{"sync_tolerance_ms": NaN}'),
    "not UTF-8": post(b'{"camera_id": "\xff"}'),
    "pts of 4,000 digits": get(b"/cameras/street/truth?to_pts=1&from_pts=" + b"9" * 4000),
    "pts of 5,000 digits": get(b"/cameras/street/truth?to_pts=1&from_pts=" + b"9" * 5000),
    "window that is no number": get(STREAM + b"sync-stats?window_s=nan"),
    "window without end": get(STREAM + b"sync-stats?window_s=1e999"),
    "trace without end": get(b"/cameras/street/trace?seconds=inf"),
    "sequence of 1,900 digits": get(b"/streams/street/raw/low/" + b"9" * 1900 + b".m4s"),
    "sequence below 0": get(b"/streams/street/raw/low/-1.m4s"),
    "path of 100,000 bytes": get(b"/" + b"a" * 100_000),
    "path of 3,000 bytes": get(b"/" + b"a" * 3000),
    "NUL in a path": get(b"/static/%00"),
    "slashes in a path": get(b"/static/" + b"/a" * 900),
    "NUL and surrogate in an id": request(b"DELETE", b"/cameras/%00%ED%A0%80"),
    "100,000 parameters": get(STREAM + b"dual?" + b"a=&" * 100_000),
    "4,000 parameters": get(STREAM + b"dual?" + b"a=&" * 4000),
    "parameters not encoded": get(b"/cameras/?\xff"),
    "id of a connection": get(STREAM + b"dual?connection_id=" + b"a" * 10_000),
    "400 cameras": get(b"/streams/sse/mux?" + b"camera_id=street&" * 400),
    "2,000 channels": get(STREAM + b"dual?initial_channel=" + b"a," * 1000),
    "header of 200,000 bytes": get(b"/cameras", (b"X", b"a" * 200_000)),
    "5,000 headers": get(b"/cameras", *[(b"X%d" % number, b"") for number in range(5000)]),
    "backslashes in a cookie": get(b"/cameras", (b"Cookie", b'a="%b"' % (b"\\" * 60_000))),
    "host that is no address": get(b"/no/such/page", (b"Host", b"[::1")),
    "target that is no address": get(b"http://[::1"),
    "last event of slashes": get(STREAM + b"dual?payload=x", (b"Last-Event-ID", b"/" * 60_000)),
}  # fmt: skip
"""By name; each is the client's error."""
