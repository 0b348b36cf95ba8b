"""A server that answers each request as its script says, and keeps the requests."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `is_cut`: the connection breaks after the body, which promises more."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: Any


def problem(status: int, slug: str, detail: str = "no", **headers: str) -> Answer:
    document = {"type": f"urn:streamlab:problem:{slug}", "status": status, "detail": detail}
    kind = {"Content-Type": "application/problem+json"}
    return Answer(status, {**kind, **headers}, json.dumps(document).encode())


def as_json(value: object) -> Answer:
    return Answer(200, {"Content-Type": "application/json"}, json.dumps(value).encode())


def event(name: str, data: Mapping[str, object], event_id: str = "") -> bytes:
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def events(*parts: bytes, is_cut: bool = False) -> Answer:
    return Answer(200, {"Content-Type": "text/event-stream"}, b"".join(parts), is_cut)


def connected(**changes: object) -> bytes:
    fields: dict[str, object] = {
        "protocol": 1,
        "connection_id": "c1",
        "stream_id": "street-1",
        "camera_id": "street",
        "channels": ["raw"],
        "sync_tolerance_ms": 50.0,
        "playout_delay_ms": 0.0,
        "detector": None,
        "server_time": 1.0,
    }
    return event("connected", fields | changes)


def fragment(sequence: int, *, keyframe: bool = False, **changes: object) -> bytes:
    fields: dict[str, object] = {
        "channel": "raw",
        "quality": "medium",
        "sequence": sequence,
        "init_id": "i1",
        "pts": 3000 * sequence,
        "duration": 3000,
        "keyframe": keyframe,
        "cached": False,
        "captured_at": 1.0,
        "released_at": 1.0,
        "frames": [{"pts": 3000 * sequence}],
        "data": "AAAA",
    }
    fields |= changes
    event_id = f"{fields['channel']}/{fields['quality']}/{sequence}"
    return event("fragment", fields, event_id)


class ScriptedServer:
    """Answers on `url`, one answer of the script per request, the last one for ever."""

    def __init__(self, script: Iterable[Answer]) -> None:
        self.requests: list[Request] = []
        answers = deque(script)
        lock = threading.Lock()
        requests = self.requests

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                parts = urlsplit(self.path)
                with lock:
                    requests.append(
                        Request(
                            self.command,
                            parts.path,
                            parse_qs(parts.query),
                            dict(self.headers.items()),
                            json.loads(body) if body else None,
                        )
                    )
                    answer = answers.popleft() if len(answers) > 1 else answers[0]
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                length = len(answer.body) + (100 if answer.is_cut else 0)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(answer.body)
                self.close_connection = answer.is_cut

            do_GET = do_POST = do_DELETE = do_PATCH = handle_any  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Be quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
