"""Feeds mutated media to a running server as cameras, and watches what else it does meanwhile."""

from __future__ import annotations

import http.server
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.fakes.streamlab_process import StreamlabProcess
from tests.fuzz.mutate import Mutant
from tests.fuzz.probing import DefectError
from tests.fuzz.witness import HEADERS, READY, TOKEN, WITNESS, Witness

CAMERA = "fuzzed"
EXPECTED = (201, 403, 422, 503)
"""Added, outside what is allowed, not a video, and not readable."""
MAX_ANSWER_S = 60.0
VIEW_S = 1.0
MAX_EVENTS = 30
_TROUBLE = ("Traceback (most recent call last)", "Fatal Python error")


class MediaServer:
    """A server with one good camera, and the mutant as another; started again when it has died."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._media = folder / "media"
        self._media.mkdir()
        self._server: StreamlabProcess | None = None
        self._witness: Witness | None = None
        self._log_bytes = 0
        self.statuses: Counter[int] = Counter()
        self.slowest_ms = self.longest_gap_ms = 0.0
        self.peak_bytes = 0
        self._client = httpx.Client(headers=HEADERS, timeout=MAX_ANSWER_S)

    def __enter__(self) -> Self:
        with ExitStack() as unless_entered:
            unless_entered.callback(self._client.close)
            self._files_url = unless_entered.enter_context(_serve(self._media))
            unless_entered.callback(self._end)
            self._exits = unless_entered.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._exits.close()

    def receive(self, mutant: Mutant) -> None:
        """Add a mutant as a camera, by path or over HTTP. Raises DefectError."""
        self.serve(mutant, by_http=mutant.is_even)

    def serve(self, mutant: Mutant, *, by_http: bool) -> None:
        """Add a mutant as a camera, watch it, and remove it. Raises DefectError."""
        path = mutant.write(self._media / mutant.seed.name)
        at = path.relative_to(self._media)
        source = f"{self._files_url}/{at}" if by_http else str(path)
        server, witness = self._running()
        witness.begin()
        try:
            self._add_and_remove(server.url, source)
        except httpx.HTTPError as error:
            status = server.process.poll()
            why = f"{type(error).__name__}" if status is None else f"the server ended with {status}"
            self._end()
            raise DefectError(why) from error
        finally:
            self.slowest_ms = max(self.slowest_ms, witness.slowest_ms)
            self.longest_gap_ms = max(self.longest_gap_ms, witness.longest_gap_ms)
            self.peak_bytes = max(self.peak_bytes, witness.peak_bytes)
        witness.check()
        self._check_log(server)

    def _add_and_remove(self, url: str, source: str) -> None:
        body = {"camera_id": CAMERA, "source": source}
        added = self._client.post(f"{url}/cameras", json=body)
        self.statuses[added.status_code] += 1
        if added.status_code not in EXPECTED:
            raise DefectError(f"POST /cameras: {added.status_code} {added.text[:300]}")
        if added.is_success:
            self._view(url)
            removed = self._client.delete(f"{url}/cameras/{CAMERA}")
            if removed.status_code != 204:
                raise DefectError(f"DELETE: {removed.status_code} {removed.text[:300]}")

    def _view(self, url: str) -> None:
        """Read a few events of both channels: what is not watched is not encoded."""
        query = {"initial_channel": "both"}
        path = f"{url}/streams/sse/{CAMERA}/dual"
        timeout = httpx.Timeout(MAX_ANSWER_S, read=VIEW_S)
        with (
            suppress(httpx.ReadTimeout),
            self._client.stream("GET", path, params=query, timeout=timeout) as response,
        ):
            if response.status_code != 200:
                raise DefectError(f"{path}: {response.status_code}")
            for number, _ in enumerate(response.iter_lines()):
                if number > MAX_EVENTS:
                    break

    def _running(self) -> tuple[StreamlabProcess, Witness]:
        if self._server is None or self._witness is None:
            self._server = StreamlabProcess(
                self._folder / "server.log",
                *("--camera", WITNESS, "--model", "truth", "--allow-folder", str(self._media)),
                *("--allow-scheme", "http"),
                tokens=TOKEN,
                ready_path=READY,
                open_timeout=3,
                stall_after=2,
                gop_s=1,
                max_cameras_per_minute=1_000_000,
            )
            self._server.__enter__()
            self._log_bytes = 0
            self._witness = Witness(self._server.url, self._server.process.pid)
            self._witness.start()
        return self._server, self._witness

    def _check_log(self, server: StreamlabProcess) -> None:
        with server.log_path.open("rb") as log:
            log.seek(self._log_bytes)
            text = log.read()
        self._log_bytes += len(text)
        for trouble in _TROUBLE:
            if trouble.encode() in text:
                lines = text.decode("utf-8", "replace").strip().splitlines()
                raise DefectError(f"in the server's log: {lines[-1]}")

    def _end(self) -> None:
        witness, self._witness = self._witness, None
        if witness is not None:
            witness.stop()
        server, self._server = self._server, None
        if server is not None:
            server.__exit__(None, None, None)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def _serve(folder: Path) -> Iterator[str]:
    """Serve a folder over HTTP, as a camera would, and yield its address."""
    handler = partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()
