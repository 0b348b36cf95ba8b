"""Parses events and stamps their time of arrival."""

from __future__ import annotations

from dataclasses import replace

from streamlab.clock import monotonic_ns, wall_s
from streamlab.protocol.parse import Event, Fragment, parse_event


def read_event(name: str, text: str, camera_id: str = "") -> Event | None:
    """Parse an event that arrives now; see ``parse_event``. Raises ProtocolError."""
    return parse_event(name, text, camera_id, arrived_at=wall_s(), arrived_ns=monotonic_ns())


def with_data(fragment: Fragment, data: bytes) -> Fragment:
    """Return the fragment with its bytes, stamped as arriving now."""
    return replace(fragment, data=data, arrived_at=wall_s(), arrived_ns=monotonic_ns())
