"""A stream fed and read by hand, for its tests."""

from __future__ import annotations

from typing import Any

from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel, View
from streamlab.core.stream.connection import Connection
from streamlab.core.stream.dual_channel import DualChannelStream
from tests.core.makers import ANNOTATED, MS_NS, RAW, fragment
from tests.core.viewers import parse, wire

MEDIUM: dict[str, QualityLevel] = dict.fromkeys(ChannelType, QualityLevel.MEDIUM)
TIMEOUT_NS = 100 * MS_NS


def join(made: DualChannelStream, view: View = View.BOTH, name: str = "c") -> Connection:
    connection = Connection(name, view.channels, MEDIUM)
    made.receive_connection(connection, 0)
    return connection


def feed(
    made: DualChannelStream, numbers: range, keys: tuple[ChannelKey, ...] = (RAW, ANNOTATED)
) -> None:
    for number in numbers:
        for key in keys:
            made.receive_release([fragment(key, number)], number * 33 * MS_NS, 1000.0)


def read(
    made: DualChannelStream, connection: Connection, max_lag: int = 64
) -> list[dict[str, Any]]:
    return parse(wire(connection.take(made.rings, made.inits, max_lag)))


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [f"{e['event']} {e.get('channel', '')} {e.get('sequence', '')}".strip() for e in events]
