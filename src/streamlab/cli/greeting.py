"""What a server says when it has started."""

from __future__ import annotations

import os
import sys
import webbrowser
from importlib.util import find_spec

from streamlab.cli.terminal import err, out


def greet(
    host: str,
    port: int,
    cameras: list[str],
    *,
    browser: bool,
    asks_for_tokens: bool,
    redacting: bool,
) -> None:
    """Say where the cameras are shown and who can see them; open a browser if that is wanted."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    url = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"
    out.print(f"Watch {', '.join(cameras) or 'cameras'} at [bold]{url}[/bold]  (Ctrl-C stops)")
    if find_spec("panel"):
        out.print(f"Measure and tune at {url}dashboard/")
    if asks_for_tokens:
        out.print("The server requires a token: add ?access_token=TOKEN to the URL.")
    elif shown != host:
        err.print(
            "[yellow]Anyone who can reach this machine can watch: no token is required.[/yellow]"
        )
    if redacting and not asks_for_tokens:
        err.print(
            "[yellow]The raw channels are not redacted, and no token is required: whoever can "
            "watch can see them. Set tokens and unredacted_tokens.[/yellow]"
        )
    has_display = (
        sys.platform != "linux" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    )
    if browser and has_display:
        webbrowser.open(url)
