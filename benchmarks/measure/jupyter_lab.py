"""A JupyterLab of its own, started the way a user does, and a notebook of it in a browser."""

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
from playwright.sync_api import Locator, Page, expect

from benchmarks.measure.server import free_port

SETTINGS = {
    "themes": {"adaptive-theme": True},
    "notification": {"fetchNews": "false", "checkForUpdates": False},
}


KERNEL_IS_READY = """async () => {
  const session = globalThis.jupyterapp?.shell.currentWidget?.sessionContext;
  await session?.ready;
  const kernel = session?.session?.kernel;
  return kernel?.connectionStatus === "connected" && kernel.status === "idle";
}"""
READY_TIMEOUT_MS = 60_000
OUTPUT_TIMEOUT_MS = 60_000
RUN_TRIES = 20


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
                start_new_session=True,  # Ctrl-C is ours
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


class NotebookPage:
    """A notebook that a page of JupyterLab shows."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, url: str) -> None:
        """Open it; returns when its kernel is ready."""
        self.page.goto(url)
        self.page.wait_for_function(KERNEL_IS_READY, timeout=READY_TIMEOUT_MS)

    def run(self, cell: int) -> None:
        """Run a cell; returns when it has begun. JupyterLab does not listen at once."""
        chosen = self.page.locator(".jp-CodeCell").nth(cell)
        prompt = chosen.locator(".jp-InputPrompt")
        before = prompt.text_content()
        for _ in range(RUN_TRIES):
            prompt.click()
            expect(chosen).to_contain_class("jp-mod-active")
            self.execute("notebook:run-cell")
            self.page.wait_for_timeout(500)
            if prompt.text_content() != before:
                return
        raise TimeoutError(f"cell {cell} does not run")

    def execute(self, command: str) -> None:
        """Have JupyterLab do something; returns at once."""
        self.page.evaluate("(name) => void jupyterapp.commands.execute(name)", command)

    def output(self, cell: int) -> Locator:
        """Return what a cell has put out."""
        return self.page.locator(".jp-CodeCell").nth(cell).locator(".jp-OutputArea-output")

    def expect_output(self, cell: int, text: str) -> None:
        """Wait until a cell has printed this."""
        expect(self.output(cell)).to_contain_text(text, timeout=OUTPUT_TIMEOUT_MS)
