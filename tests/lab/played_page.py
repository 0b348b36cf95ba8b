"""A kernel of its own, and a page that is played: it opens the views that the kernel displays."""

from __future__ import annotations

import ast
from types import TracebackType
from typing import Any, Self, cast

from jupyter_client.manager import start_new_kernel  # type: ignore[import-untyped,unused-ignore]

TIMEOUT_S = 300
WIDGET = "application/vnd.jupyter.widget-view+json"
QUERY = {"initial_channel": "none"}


class PlayedPage:
    """Runs cells; ``opens``: the page opens a display of each widget that is displayed.

    The displays of the cell before are closed, as a page does when a cell is run again.
    """

    def __init__(self, *, opens: bool) -> None:
        self._opens = opens
        self._displayed: list[str] = []

    def __enter__(self) -> Self:
        self._manager, self._client = start_new_kernel(startup_timeout=TIMEOUT_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def run(self, cell: str) -> str:
        """Run a cell and return what it printed. The displays of the cell before are closed."""
        for model_id in self._displayed:
            self._say(model_id, type="close")
        self._displayed = []
        printed: list[str] = []

        def receive(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "error":
                raise AssertionError("\n".join(content["traceback"]))
            if content.get("name") == "stdout":
                printed.append(content["text"])
            shown = content.get("data", {}).get(WIDGET)
            if shown is not None and self._opens:
                self._displayed.append(shown["model_id"])
                self._say(shown["model_id"], type="open", query=QUERY)

        self._client.execute_interactive(cell, timeout=TIMEOUT_S, output_hook=receive)
        return "".join(printed)

    def ask(self, expression: str) -> Any:
        """Return the value of an expression of literals, without closing what is displayed."""
        displayed, self._displayed = self._displayed, []
        answer = self.run(f"print(repr({expression}))")
        self._displayed = displayed
        return ast.literal_eval(answer)

    def _say(self, model_id: str, **content: object) -> None:
        data = {"method": "custom", "content": {"view_id": "page", **content}}
        message = self._client.session.msg("comm_msg", {"comm_id": model_id, "data": data})
        cast(Any, self._client.shell_channel).send(message)
