"""A proxy that offers a server below a path, which it removes from requests and does not name."""

from __future__ import annotations

import socket
import socketserver
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


VIA = b"Via: 1.1 prefix"  # RFC 9110, 7.6.3


class PrefixProxy:
    """Serves ``http://127.0.0.1:{port}{prefix}``; ``strays`` are requests outside the prefix."""

    def __init__(self, port: int, prefix: str) -> None:
        self.strays: list[str] = []
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                proxy._serve(self.request, port, prefix)

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{prefix}"

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

    def _serve(self, client: socket.socket, port: int, prefix: str) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            part = client.recv(65_536)
            if not part:
                return
            received += part
        head, _, rest = received.partition(b"\r\n\r\n")
        start, *headers = head.split(b"\r\n")
        method, path, version = start.split(b" ")
        if not path.startswith(prefix.encode()):
            self.strays.append(path.decode())
            client.sendall(NOT_FOUND)
            return
        path = path.removeprefix(prefix.encode()) or b"/"
        if not any(header.lower().startswith(b"upgrade:") for header in headers):
            headers = [each for each in headers if not each.lower().startswith(b"connection:")]
            headers.append(b"Connection: close")
        request = b"\r\n".join([b" ".join((method, path, version)), *headers, VIA, b"", rest])
        with socket.create_connection(("127.0.0.1", port)) as server:
            server.sendall(request)
            threading.Thread(target=_copy, args=(client, server), daemon=True).start()
            _copy(server, client)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 100


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Pass bytes on until one of the two closes, then close the other."""
    with suppress(OSError):
        while part := source.recv(65_536):
            target.sendall(part)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
