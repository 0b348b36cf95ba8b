"""The hosts that the address of a source names."""

from __future__ import annotations

from streamlab.address import Address
from streamlab.core.source_kind import SourceKind
from streamlab.media.udp import hosts_of_udp

_WITHOUT = (SourceKind.FILE, SourceKind.WEBCAM, SourceKind.UNKNOWN, SourceKind.SYNTHETIC)


def hosts_of(kind: str, address: str) -> list[str]:
    """Return the hosts of other machines that a source of this kind names."""
    if kind in _WITHOUT:
        return []
    if kind == SourceKind.UDP:
        return hosts_of_udp(address)
    return [Address.parse(address).hostname]
