"""A JupyterLab of its own, started the way a user does, and a notebook of it in a browser."""

from __future__ import annotations

import json
import os
import shutil
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


PANEL = "[...jupyterapp.shell.widgets('main')].find(({ content }) => content?.model?.cells)"
KERNEL_IS_READY = f"""() => {{
  const context = globalThis.jupyterapp && {PANEL}?.sessionContext;
  const kernel = context?.session?.kernel;
  return context?.isReady && kernel?.connectionStatus === "connected" && kernel.status === "idle";
}}"""
RUN_ALL = (
    f"""async (left_out) => {{
  const {{ id, content }} = {PANEL};
"""
    """  const { shell, commands } = globalThis.jupyterapp;
  shell.activateById(id);
  for (let index = 0; index < content.model.cells.length; index += 1) {
    const cell = content.model.cells.get(index);
    if (cell.type !== "code" || cell.sharedModel.getSource().includes(left_out)) continue;
    content.activeCellIndex = index;
    const done = await commands.execute("notebook:run-cell");
    const error = cell.sharedModel.outputs.find(({ output_type }) => output_type === "error");
    if (error) throw new Error(`cell ${index}: ${error.ename}: ${error.evalue}`);
    if (!done) throw new Error(`cell ${index} was not run`);
  }
}"""
)
ASK_KERNEL = (
    f"""async (code) => {{
  const {{ kernel }} = {PANEL}.sessionContext.session;
"""
    """
  let text = "";
  const request = kernel.requestExecute({ code, store_history: false });
  request.onIOPub = ({ content }) => (text += content.text ?? "");
  await request.done;
  return text;
}"""
)
READY_TIMEOUT_MS = 300_000
OUTPUT_TIMEOUT_MS = 300_000
RUN_TRIES = 100


class JupyterLabProcess:
    """JupyterLab on a free port, without a login; ``folder`` holds its files and settings."""

    def __init__(self, folder: Path, start_timeout_s: float = 300.0) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
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
        (self.folder / name).write_text(json.dumps(notebook), encoding="utf-8")
        return f"{self.url}/doc/tree/{name}"

    def copy_notebook(self, path: Path) -> str:
        """Take a copy of a notebook and return the address that opens it."""
        shutil.copy(path, self.folder)
        return f"{self.url}/doc/tree/{path.name}"

    def __enter__(self) -> Self:
        private = self.folder / ".jupyter"
        settings = private / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True)
        for name, values in SETTINGS.items():
            (settings / f"{name}.jupyterlab-settings").write_text(json.dumps(values))
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": self.port,
            "ServerApp.port_retries": 0,
            "ServerApp.root_dir": self.folder,
            "IdentityProvider.token": "",
            "LabApp.expose_app_in_browser": True,
        }
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [*command, *(f"--{name}={value}" for name, value in options.items())],
                cwd=self.folder,
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

    def stop(self, timeout_s: float = 120.0) -> None:
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
                if httpx.get(f"{self.url}/api/status", timeout=60.0).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.2)
        raise TimeoutError(f"JupyterLab is not ready:\n{self._log()}")

    def _log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")


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

    def run_all(self, left_out: str) -> None:
        """Run all cells, one after the other, but those that contain ``left_out``."""
        self.page.evaluate(RUN_ALL, left_out)

    def ask_kernel(self, code: str) -> str:
        """Return what code prints in the kernel."""
        return str(self.page.evaluate(ASK_KERNEL, code)).strip()

    def execute(self, command: str) -> None:
        """Have JupyterLab do something; returns at once."""
        self.page.evaluate("(name) => void jupyterapp.commands.execute(name)", command)

    def output(self, cell: int) -> Locator:
        """Return what a cell has put out."""
        return self.page.locator(".jp-CodeCell").nth(cell).locator(".jp-OutputArea-output")

    def expect_output(self, cell: int, text: str) -> None:
        """Wait until a cell has printed this."""
        expect(self.output(cell)).to_contain_text(text, timeout=OUTPUT_TIMEOUT_MS)
