"""Over a link that cuts and stalls, nothing is missed and nothing comes twice."""

from __future__ import annotations

import asyncio
import time

from streamlab.client import (
    AsyncClient,
    Client,
    Event,
    Fragment,
    Reconnect,
    StreamStats,
)
from streamlab.client.session import Payload

QUICKLY = Reconnect(initial_s=0.02, max_s=0.1, give_up_after_s=30.0)
STALL_TIMEOUT_S = 0.4
SECONDS = 4.0
CARRIES_BYTES = (1_000, 400_000)
Key = tuple[str, str, int]


def keys(events: list[Event]) -> dict[Key, bytes]:
    """Return what was delivered, each once."""
    delivered: dict[Key, bytes] = {}
    for event in events:
        if isinstance(event, Fragment):
            key = (event.camera_id, event.channel, event.sequence)
            assert key not in delivered, f"{key} came twice"
            delivered[key] = event.data
    return delivered


def read_sync(url: str, payload: Payload) -> tuple[list[Event], StreamStats]:
    give_up_at = time.monotonic() + SECONDS
    with (
        Client(url) as client,
        client.watch(
            "street", "both", payload=payload, reconnect=QUICKLY, stall_timeout_s=STALL_TIMEOUT_S
        ) as stream,
    ):
        events = []
        while time.monotonic() < give_up_at:
            events.append(next(stream))
        return events, stream.stats


def read_async(url: str, payload: Payload) -> tuple[list[Event], StreamStats]:
    async def read() -> tuple[list[Event], StreamStats]:
        give_up_at = time.monotonic() + SECONDS
        async with AsyncClient(url) as client:
            stream = client.watch(
                "street",
                "both",
                payload=payload,
                reconnect=QUICKLY,
                stall_timeout_s=STALL_TIMEOUT_S,
            )
            async with stream:
                events = []
                async for event in stream:
                    events.append(event)
                    if time.monotonic() > give_up_at:
                        return events, stream.stats
        raise AssertionError

    return asyncio.run(read())
