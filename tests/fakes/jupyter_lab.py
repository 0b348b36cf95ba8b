"""A JupyterLab of its own, with a notebook in it, the way a user starts one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from .rtsp_server import free_port

SETTINGS = {
    "themes": {"adaptive-theme": True},
    "notification": {"fetchNews": "false", "checkForUpdates": False},
}


class JupyterLabProcess:
    """JupyterLab on a free port, without a login; ``folder`` holds its files and settings."""

    def __init__(self, folder: Path, start_timeout_s: float = 60.0) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._start_timeout_s = start_timeout_s

    def add_notebook(self, name: str, cells: list[str]) -> str:
        """Write a notebook of code cells and return the address that opens it."""
        notebook = {
            "cells": [
                {
                    "cell_type": "code",
                    "id": f"cell-{number}",
                    "source": source,
                    "metadata": {},
                    "outputs": [],
                    "execution_count": None,
                }
                for number, source in enumerate(cells)
            ],
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        (self._folder / name).write_text(json.dumps(notebook), encoding="utf-8")
        return f"{self.url}/doc/tree/{name}"

    def __enter__(self) -> Self:
        private = self._folder / ".jupyter"
        settings = private / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True)
        for name, values in SETTINGS.items():
            (settings / f"{name}.jupyterlab-settings").write_text(json.dumps(values))
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": self.port,
            "ServerApp.port_retries": 0,
            "ServerApp.root_dir": self._folder,
            "IdentityProvider.token": "",
            "LabApp.expose_app_in_browser": True,
        }
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        with (self._folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [*command, *(f"--{name}={value}" for name, value in options.items())],
                cwd=self._folder,
                env=os.environ
                | {
                    "JUPYTER_CONFIG_DIR": str(private),
                    "JUPYTER_DATA_DIR": str(private / "data"),
                    "JUPYTER_RUNTIME_DIR": str(private / "runtime"),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self, timeout_s: float = 30.0) -> None:
        """Ask it to end, with its kernels, and wait."""
        self.process.terminate()
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.stop()

    def _wait_until_ready(self) -> None:
        give_up_at = time.monotonic() + self._start_timeout_s
        while time.monotonic() < give_up_at:
            if self.process.poll() is not None:
                raise RuntimeError(f"JupyterLab ended at once:\n{self._log()}")
            try:
                if httpx.get(f"{self.url}/api/status", timeout=5.0).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.2)
        raise TimeoutError(f"JupyterLab is not ready:\n{self._log()}")

    def _log(self) -> str:
        return (self._folder / "log").read_text(encoding="utf-8")
