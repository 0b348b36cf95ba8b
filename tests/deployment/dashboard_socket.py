"""The websocket of the dashboard, as Bokeh's script opens it."""

from __future__ import annotations

import re
import ssl

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

TIMEOUT_S = 120.0


def open_dashboard(
    url: str, page: str, query: str = "", origin: str = "", context: ssl.SSLContext | None = None
) -> ClientConnection:
    """Open the websocket that belongs to a page of the dashboard; `url` is the server's."""
    token = re.search(r'"token":"([^"]+)"', page)
    assert token is not None, page
    return connect(
        f"{url}/dashboard/ws{query}".replace("http", "ws", 1),
        ssl=context,
        origin=Origin(origin) if origin else None,
        subprotocols=[Subprotocol("bokeh"), Subprotocol(token[1])],
        open_timeout=TIMEOUT_S,
        max_size=None,
    )
