"""Source addresses: how they are parsed, and which of them a server may open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import parse_qsl

from streamlab.address import Address, AddressError
from streamlab.core.source_kind import SourceKind
from streamlab.core.time.frame_rate import parse_rate
from streamlab.credentials import redacted, scrub_of
from streamlab.errors import ConfigurationError, SourceError, SourceNotAllowedError
from streamlab.media.hosts import hosts_of
from streamlab.media.limits import MAX_PIXELS, NOTHING, SourceLimits
from streamlab.media.networks import Network, check_literal
from streamlab.media.paths import path_of_url
from streamlab.media.udp import parse_udp
from streamlab.media.webcam import DEVICE_PATH, Webcam
from streamlab.plugins import source_kinds
from streamlab.street.parameters import MAX_QUERY_FIELDS, StreetParameters

__all__ = ["FORMS", "MAX_SOURCE_CHARS", "RtspTransport", "SourceKind", "SourcePolicy", "SourceSpec"]

MAX_SOURCE_CHARS = 4096
MAX_OPTIONS = 8
_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]+):", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_OPTIONS = ("once", "video")
FORMS = (
    "synthetic://traffic, a video file, rtsp://host/path, http(s)://host/path, "
    "udp://host:port or a webcam (webcam://0)"
)

RtspTransport: TypeAlias = Literal["auto", "tcp", "udp"]


_KINDS: Mapping[str, str] = {str(kind): kind for kind in SourceKind} | {
    "rtsps": SourceKind.RTSP,
    "https": SourceKind.HTTP,
    "rtp": SourceKind.UDP,
}


@dataclass(frozen=True, slots=True, repr=False)
class SourceSpec:
    """A source by its address, which may hold credentials: show ``display``, never ``address``."""

    kind: str
    """A name in ``source_kinds()``, or ``unknown``."""
    address: str
    """A path or a percent-encoded URL."""
    loop: bool = True
    """Play a recording again from the start when it ends."""
    video_stream: int | None = None
    """Which of several video streams, counted from 0; None: the best one."""
    rtsp_transport: RtspTransport = "auto"
    max_height: int | None = None
    """Taller frames are scaled down to this height, px; None: never."""
    snapshot_fps: Fraction | None = None
    """Request rate for an address that gives single pictures; None: the default."""
    hidden_query: frozenset[str] = frozenset()
    """Query parameters to treat as credentials, whatever their names."""
    objection: str = ""
    """Why the source can never be opened; '' if it can."""
    limits: SourceLimits | None = None
    """What it may reach, if it was given over HTTP; None: it is an operator's own."""
    max_pixels: int = MAX_PIXELS
    """Larger pictures are refused before they are decoded, px."""
    first_pts: int = 0
    """PTS of the first frame: not 0 if the camera has run before, in another process."""

    @classmethod
    def refused(cls, text: str, objection: str) -> SourceSpec:
        """Return a spec, for display only, of a text that can never be a source."""
        return cls(SourceKind.UNKNOWN, redacted(text), objection=objection)

    @classmethod
    def parse(cls, text: str, *, folder: Path | None = None) -> SourceSpec:
        """Parse a source as a person writes it. Raises SourceError, which quotes no credentials.

        Options go at the end: ``#once`` plays a recording once, not in a loop; ``#video=1``
        selects the second video stream. An existing file of exactly that name takes precedence
        over any other reading. Relative paths are resolved against ``folder``, or else against
        the working directory.
        """
        if not (text := text.strip()):
            raise SourceError("the source is empty", hint=f"Name {FORMS}.")
        if len(text) > MAX_SOURCE_CHARS:
            raise SourceError(
                f"the source has {len(text)} characters", hint=f"At most {MAX_SOURCE_CHARS}."
            )
        if not _is_encodable(text):
            raise SourceError(
                "the source has characters that cannot be encoded", hint=f"Name {FORMS}."
            )
        _refuse_control_characters(text)
        text, options = _split_options(text, folder)
        scheme = _SCHEME.match(text)
        if _is_file(_path(text, folder)) or _DRIVE.match(text):
            spec = cls._of_path(text, folder)
        elif "://" not in text and "@" in text.partition(":")[2]:
            raise SourceError(
                "the source is neither a file nor an address",
                hint="Write rtsp:// or http:// before user name and host.",
            )
        elif scheme is None:
            spec = cls._of_path(text, folder)
        else:
            spec = cls._of_address(scheme[1], text)
        return replace(spec, loop="once" not in options, video_stream=_video_stream(options))

    @classmethod
    def _of_address(cls, scheme: str, text: str) -> SourceSpec:
        kind = _KINDS.get(scheme.lower(), scheme.lower())
        if kind not in source_kinds():
            raise SourceError(
                f"unknown scheme '{scheme}' in source {redacted(text)}",
                hint=f"Name {FORMS}.{_further_schemes()}",
            )
        if kind is SourceKind.FILE:
            path = re.sub(r"^file:(//(localhost(?=/))?)?", "", text, flags=re.IGNORECASE)
            return cls._of_path(path if _is_file(path) else path_of_url(f"file:{path}"), None)
        if kind is SourceKind.WEBCAM:
            _refuse_control_characters(str(Webcam.parse(text).device))
            return cls(kind, text)
        if kind is SourceKind.UDP:
            return cls(kind, parse_udp(text))
        try:
            address = Address.parse(f"{scheme.lower()}{text[len(scheme) :]}")
        except AddressError as error:
            raise SourceError(
                f"the source cannot be read: {error} ({redacted(text)})",
                hint=f"{error.hint} Otherwise name {FORMS}.".strip(),
            ) from None
        rate = _snapshot_fps(address) if kind is SourceKind.HTTP else None
        if kind is SourceKind.SYNTHETIC:
            StreetParameters.parse(str(address))  # rejects invalid parameters now
        return cls(kind, str(address), snapshot_fps=rate)

    @classmethod
    def _of_path(cls, text: str, folder: Path | None) -> SourceSpec:
        if DEVICE_PATH.fullmatch(text):
            return cls(SourceKind.WEBCAM, text)
        _refuse_control_characters(text)  # a file: URL may have encoded them
        return cls(SourceKind.FILE, _path(text, folder))

    @property
    def display(self) -> str:
        """The source without credentials, safe to show."""
        shown = self.address
        if self._has_address:
            shown = redacted(shown, also=self.hidden_query)
        video = "" if self.video_stream is None else f"#video={self.video_stream}"
        once = "" if self.loop else "#once"
        return (shown + video + once).encode("utf-8", "backslashreplace").decode()

    @property
    def hostname(self) -> str:
        """The host of a URL; '' for files and webcams."""
        return Address.parse(self.address).hostname if self._has_address else ""

    def scrub(self, text: str) -> str:
        """Return third-party text about this source with its credentials removed."""
        if self._has_address:
            return scrub_of(text, self.address, also=self.hidden_query)
        return text

    @property
    def _has_address(self) -> bool:
        return self.kind not in (SourceKind.FILE, SourceKind.WEBCAM, SourceKind.UNKNOWN)

    def __repr__(self) -> str:
        return f"SourceSpec({self.display!r})"


def _further_schemes() -> str:
    schemes = [f"{kind}://" for kind in source_kinds() if kind not in _KINDS]
    return f" There are also {', '.join(schemes)}." if schemes else ""


def _refuse_control_characters(text: str) -> None:
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise SourceError("the source has control characters in it", hint=f"Name {FORMS}.")


def _is_encodable(text: str) -> bool:
    """Return True unless a text has lone surrogates; a path may have those of undecodable bytes."""
    is_path = "://" not in text or text.lower().startswith("file:")
    try:
        text.encode(errors="surrogateescape" if is_path else "strict")
    except UnicodeEncodeError:
        return False
    return True


def _path(text: str, folder: Path | None) -> str:
    return text if folder is None else str(folder / text)


def _is_file(path: str) -> bool:
    if Path(path).drive.startswith("\\\\"):
        return False  # accessing a Windows share sends this user's credentials to its host
    try:
        return Path(path).is_file()
    except (OSError, ValueError):  # not a valid path: too long, for example
        return False


def _split_options(text: str, folder: Path | None) -> tuple[str, dict[str, str]]:
    """Split known ``#name`` and ``#name=value`` off the end, unless part of a file's name."""
    options: dict[str, str] = {}
    for _ in range(MAX_OPTIONS):  # each looks for a file
        if _is_file(_path(text, folder)):
            break
        before, hash_, last = text.rpartition("#")
        name, _, value = last.partition("=")
        if not hash_ or name not in _OPTIONS:
            break
        options.setdefault(name, value)
        text = before
    return text, options


def _video_stream(options: Mapping[str, str]) -> int | None:
    text = options.get("video")
    if text is None:
        return None
    if not re.fullmatch("[0-9]{1,2}", text):
        raise SourceError(
            f"#video is '{text[:16]}'", hint="Write #video=1 for the second video stream."
        )
    return int(text)


def _snapshot_fps(address: Address) -> Fraction | None:
    """Return ``fps`` of the query if it is a rate; it may mean something else to the camera."""
    with suppress(ValueError, SourceError):
        query = parse_qsl(address.query, max_num_fields=MAX_QUERY_FIELDS)
        if "fps" in dict(query) and (rate := parse_rate(dict(query)["fps"])) > 0:
            return rate
    return None


@dataclass(frozen=True, slots=True)
class SourcePolicy:
    """The sources that may be opened for anyone who is not at the command line."""

    kinds: frozenset[str]
    limits: SourceLimits = NOTHING
    addresses: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def of(
        cls,
        kinds: Iterable[str],
        folders: Iterable[Path],
        named: Iterable[SourceSpec],
        networks: Iterable[Network] = (),
    ) -> SourcePolicy:
        """Allow these kinds, files below these folders, local networks, and the named sources.

        Raises ConfigurationError for an unknown kind.
        """
        allowed = frozenset(kinds)
        for kind in allowed.difference(source_kinds()):
            raise ConfigurationError(
                [f"there is no kind of source '{kind}' to be allowed"],
                hint=f"Kinds are {', '.join(source_kinds())}.",
            )
        limits = SourceLimits(tuple(folder.resolve() for folder in folders), tuple(networks))
        return cls(allowed, limits, frozenset(spec.address for spec in named))

    def limits_of(self, spec: SourceSpec) -> SourceLimits | None:
        """Return what a source given over HTTP may reach; None if the operator named it, too."""
        return None if spec.address in self.addresses else self.limits

    def check(self, spec: SourceSpec) -> None:
        """Raise SourceNotAllowedError if the source is not allowed; resolves no host names."""
        if spec.address in self.addresses:
            return
        if spec.kind is SourceKind.FILE and not self.limits.holds(Path(spec.address)):
            allowed = ", ".join(map(str, self.limits.folders)) or "no folder"
            raise SourceNotAllowedError(
                f"'{spec.address}' is outside the allowed folders",
                hint=f"Allowed: {allowed}. Start the server with --allow-folder DIR to add one.",
            )
        if spec.kind not in (*self.kinds, SourceKind.FILE):
            raise SourceNotAllowedError(
                f"sources of type '{spec.kind}' are not allowed",
                hint=f"Allowed: {', '.join(sorted(self.kinds))}. Start the server with "
                f"--allow-scheme {spec.kind} to add it.",
            )
        for host in hosts_of(spec.kind, spec.address):
            check_literal(host, self.limits.networks)
