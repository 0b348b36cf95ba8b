"""A real RTSP server (gst-rtsp-server) that can be killed and started again on the same port."""

from __future__ import annotations

import functools
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

SYSTEM_PYTHON = "/usr/bin/python3"  # the one that Debian's gir packages are for
SCRIPT = Path(__file__).with_name("gst_rtsp_script.py")
PROBE = """
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
missing = [e for e in ("x264enc", "rtph264pay") if not Gst.ElementFactory.find(e)]
raise SystemExit(f"no GStreamer element {missing}" if missing else 0)
"""


@functools.cache
def available() -> str | None:
    """Return why no RTSP server can be run here, or None when one can."""
    if not Path(SYSTEM_PYTHON).exists():
        return f"no {SYSTEM_PYTHON}"
    command = [SYSTEM_PYTHON, "-c", PROBE]
    probe = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    return None if probe.returncode == 0 else probe.stderr.strip().splitlines()[-1]


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port


class RtspServer:
    """A camera at `url`, 640x360, H.264 with a keyframe every 30 frames; a context manager.

    `options` are those of `gst_rtsp_script.py`.
    """

    def __init__(self, port: int | None = None, fps: int = 25, options: Sequence[str] = ()) -> None:
        self.port = port or free_port()
        self.fps = fps
        self.options = options
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/cam"

    def start(self) -> None:
        """Return once the server listens; RuntimeError when it cannot."""
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, str(SCRIPT), str(self.port), str(self.fps), *self.options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            self.kill()
            raise RuntimeError(f"no RTSP server on port {self.port}")

    def kill(self) -> None:
        """End the server as a power cut would; its connections are cut with it."""
        if self._process is not None:
            process, self._process = self._process, None
            process.kill()
            process.communicate()

    def restart(self) -> None:
        self.kill()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()
