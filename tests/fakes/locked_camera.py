"""A camera over HTTP that wants a user name and password, and can be told to answer anything."""

from __future__ import annotations

import base64
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self


class LockedCamera:
    """Serves `video` at `/cam` to those who know `user_info`; a context manager.

    `/code/NNN` answers that status. `locked` may be cleared and set while it runs.
    """

    def __init__(self, video: Path, user_info: str) -> None:
        self.locked = True
        self.paths: list[str] = []
        """What was asked for, in order."""
        data = video.read_bytes()
        wanted = "Basic " + base64.b64encode(user_info.encode()).decode()
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                camera.paths.append(self.path)
                path = self.path.partition("?")[0]
                if path.startswith("/code/"):
                    self._answer(int(path.removeprefix("/code/")))
                elif camera.locked and self.headers.get("Authorization") != wanted:
                    self._answer(401)
                else:
                    self._answer(200, data)

            def _answer(self, status: int, body: bytes = b"") -> None:
                self.send_response(status)
                if status == 401:
                    self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
