"""Adds credentials to the address of a source: its own, or those known of its host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from pydantic import SecretStr

from streamlab.address import Address
from streamlab.media.spec import SourceKind, SourceSpec
from streamlab.secret import Credentials

_KINDS = (SourceKind.RTSP, SourceKind.HTTP)


def with_credentials(spec: SourceSpec, credentials: Credentials) -> SourceSpec:
    """Return the source with these credentials. Raises ValueError if it cannot take them."""
    if credentials.is_empty:
        return spec
    if spec.kind not in _KINDS:
        raise ValueError("only rtsp and http sources take username, password and query")
    address = Address.parse(spec.address)
    if credentials.username is not None or credentials.password is not None:
        if address.user_info:
            raise ValueError("the source names a user already: remove username and password")
        address = address.with_user(_plain(credentials.username), _plain(credentials.password))
    if credentials.query:
        pairs = {name: _plain(value) for name, value in credentials.query.items()}
        address = address.with_query(urlencode(pairs))
    return replace(spec, address=str(address), hidden_query=frozenset(credentials.query))


def with_known(spec: SourceSpec, known: Mapping[str, Credentials]) -> SourceSpec:
    """Return a source of the operator with the credentials of its host, if it has none itself.

    Never call this for a source that was given over HTTP: whoever gave it need not know them.

    Args:
        spec: the source.
        known: by host, with or without a port; one with the port takes precedence.
    """
    if spec.kind not in _KINDS or not known:
        return spec
    address = Address.parse(spec.address)
    host, name = address.host.lower(), address.host.lower().removesuffix(_port(address.host))
    found = known.get(host) or known.get(name)
    if found is None or address.user_info or spec.hidden_query:
        return spec
    return with_credentials(spec, found)


def _port(host: str) -> str:
    """Return the port of ``host:port`` with its colon; '' if there is none."""
    _, colon, port = host.rpartition(":")
    return f":{port}" if colon and port.isdecimal() else ""


def _plain(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()
