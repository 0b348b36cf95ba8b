"""HTTP as a client may send it that no library would."""

from __future__ import annotations

import json
import socket
from typing import Any, NamedTuple

TIMEOUT_S = 60.0


class Answer(NamedTuple):
    """The answer to a request; ``body`` is as it was sent, with its chunks."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def exchange(port: int, request: bytes, *, until: bytes = b"") -> Answer:
    """Send bytes; return what comes until the server closes, or until ``until`` comes."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as connection:
        connection.sendall(request)
        received = b""
        while part := connection.recv(65_536):
            received += part
            if until and until in received:
                break
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    return Answer(int(status.split()[1]), {name.lower(): value for name, _, value in pairs}, body)


def request(
    port: int, method: str, target: str | bytes, *headers: str | bytes, body: bytes = b""
) -> Answer:
    """Send one request and return the answer; texts are sent as Latin-1."""
    lines = [_bytes(method) + b" " + _bytes(target) + b" HTTP/1.1", *map(_bytes, headers)]
    if not any(line.lower().startswith(b"host:") for line in lines):
        lines.append(b"Host: 127.0.0.1:%d" % port)
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    return exchange(port, b"\r\n".join([*lines, b"Connection: close", b"", body]))


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")
