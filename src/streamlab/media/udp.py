"""Addresses of MPEG-TS over UDP, with or without RTP, unicast or multicast, in FFmpeg's form.

See https://ffmpeg.org/ffmpeg-protocols.html#udp. Only the parameters that state where packets come
from are accepted: buffer sizes are set by streamlab, not by an address.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from streamlab.errors import SourceError

ANY = "0.0.0.0"
MAX_PORT = 65_535
PARAMETERS = ("localaddr", "sources", "block")
_ADDRESS = re.compile(
    r"(udp|rtp)://@?(\[[0-9A-Fa-f:.]+\]|[\w.-]*):(\d{1,5})/?(?:\?(.*))?", re.IGNORECASE | re.ASCII
)
_VALUE = re.compile(r"[\w.:,-]+", re.ASCII)
_HINT = (
    "Write udp://@:5000 for what is sent to this machine, udp://239.0.0.1:5000 for a multicast "
    f"group; parameters are {', '.join(PARAMETERS)}."
)


def parse_udp(text: str) -> str:
    """Return the address that FFmpeg listens on. Raises SourceError."""
    match = _ADDRESS.fullmatch(text)
    if match is None or not 0 < int(match[3]) <= MAX_PORT:
        raise SourceError("the address of a UDP stream cannot be read", hint=_HINT)
    query = match[4] or ""
    try:
        pairs = parse_qsl(query, strict_parsing=bool(query), max_num_fields=len(PARAMETERS))
    except ValueError:
        pairs = [("", "")]
    if not all(name in PARAMETERS and _VALUE.fullmatch(value) for name, value in pairs):
        raise SourceError("a UDP stream has other parameters than these", hint=_HINT)
    return f"{match[1].lower()}://{match[2] or ANY}:{int(match[3])}{'?' if query else ''}{query}"


def hosts_of_udp(address: str) -> list[str]:
    """Return the hosts in an address from ``parse_udp``, except the one that means all."""
    match = _ADDRESS.fullmatch(address)
    assert match is not None
    values = [host for _, value in parse_qsl(match[4] or "") for host in value.split(",")]
    return [host for host in (match[2], *values) if host not in ("", ANY, "[::]")]
