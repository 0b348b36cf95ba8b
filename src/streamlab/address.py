"""Addresses of the form ``scheme://user:password@host:port/rest``, parsed as a person means them.

Rules:

- the user info ends at the last ``@`` before the host, so a password may contain ``@``, ``/``,
  ``?`` and ``#`` unencoded. A host is a name or an IP address, with or without a port, at the end
  or before ``/``, ``?`` or ``#``;
- an ``@`` in the path or query belongs there if the host before it is an IP address or
  ``localhost``, or if no ``:`` that could start a password comes before it;
- an address that is still ambiguous is refused: one of its readings would show part of a password
  as the host.

It does not validate URLs: what a scheme means and whether it is known is up to the caller.
"""

from __future__ import annotations

import re
import string
from typing import NamedTuple
from urllib.parse import quote

_END = r"(?=[/?#]|\Z)"
_HOST = re.compile(rf"(?:\[[0-9A-Fa-f:.%]+\]|[\w.~-]+)(?::\d{{1,5}})?{_END}")
_CERTAIN_HOST = re.compile(
    rf"(?:\d{{1,3}}(?:\.\d{{1,3}}){{3}}|localhost|\[[0-9A-Fa-f:.%]+\])(?::\d{{1,5}})?{_END}",
    re.IGNORECASE,
)
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ENCODE = "Write '@' as %40, '/' as %2F, '?' as %3F and '#' as %23"


class AddressError(ValueError):
    """An address cannot be parsed; the message never quotes it. ``hint`` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Address(NamedTuple):
    """The parts of an address as they were written."""

    scheme: str
    user_info: str
    host: str
    """With the port, if there is one."""
    rest: str
    """Path, query and fragment."""

    @classmethod
    def parse(cls, text: str) -> Address:
        """Split an address. Raises AddressError if it has no host, or more than one candidate."""
        scheme, _, rest = text.partition("://")
        at = _host_at(rest)
        match = _HOST.match(rest, at)
        assert match is not None
        return cls(scheme, rest[: max(0, at - 1)], match[0], rest[match.end() :])

    @property
    def hostname(self) -> str:
        """The host without port and brackets."""
        return re.sub(r":\d+\Z", "", self.host).strip("[]")

    @property
    def query(self) -> str:
        """The part between ``?`` and ``#``."""
        return self.rest.partition("#")[0].partition("?")[2]

    def with_user(self, name: str, password: str) -> Address:
        """Return the address with this user info, percent-encoded."""
        return self._replace(user_info=f"{quote(name, safe='')}:{quote(password, safe='')}")

    def with_query(self, pairs: str) -> Address:
        """Return the address with encoded ``name=value`` pairs appended to its query."""
        before, hash_, fragment = self.rest.partition("#")
        joint = "&" if "?" in before else "?"
        return self._replace(rest=f"{before}{joint}{pairs}{hash_}{fragment}")

    def __str__(self) -> str:
        """Return the address percent-encoded, so that every program parses it the same way."""
        user_info = self.user_info and ":".join(map(_encoded, self.user_info.split(":", 1))) + "@"
        rest = quote(self.rest, safe=string.punctuation)
        return f"{self.scheme}://{user_info}{self.host}{rest}"


def _encoded(part: str) -> str:
    return quote(_BARE_PERCENT.sub("%25", part), safe="%")


def _host_at(rest: str) -> int:
    """Return the index at which the host begins."""
    ends = [0, *(match.end() for match in re.finditer("@", rest.partition("://")[0]))]
    possible = [at for at in ends if _HOST.match(rest, at)]
    if not possible:
        raise AddressError("no host can be found in it", f"{_ENCODE} in user name and password.")
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    if possible[0] == 0 and ":" not in authority:
        return 0
    certain = [at for at in possible if _CERTAIN_HOST.match(rest, at)]
    if certain:
        return certain[0]
    if len(possible) > 1:
        raise AddressError(
            "more than one part of it may be the host",
            f"{_ENCODE} in user name and password, and '@' as %40 in path and query.",
        )
    return possible[0]
