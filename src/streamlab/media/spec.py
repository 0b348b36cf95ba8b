"""How a source is written down, and which sources a server may open."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from streamlab.errors import SourceError, SourceNotAllowedError
from streamlab.media.paths import is_on_foreign_share, path_of_url
from streamlab.media.webcam import DEVICE_PATH, Webcam

_ONCE = "#once"
_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]+):", re.IGNORECASE)
_NTSC = {"23.976": 24, "23.98": 24, "29.97": 30, "59.94": 60}
_STREET_BOUNDS = {"width": (160, 3840), "height": (90, 2160), "seed": (0, 2**32 - 1)}
FORMS = (
    "synthetic://traffic, a video file, rtsp://host/path, http(s)://host/path "
    "or a webcam (webcam://0)"
)


class SourceKind(StrEnum):
    """Where pictures come from; also the scheme names of the allow-list."""

    SYNTHETIC = "synthetic"
    FILE = "file"
    RTSP = "rtsp"
    HTTP = "http"
    WEBCAM = "webcam"


_KINDS = {
    "synthetic": SourceKind.SYNTHETIC,
    "file": SourceKind.FILE,
    "rtsp": SourceKind.RTSP,
    "rtsps": SourceKind.RTSP,
    "http": SourceKind.HTTP,
    "https": SourceKind.HTTP,
    "webcam": SourceKind.WEBCAM,
}


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source by its address. ``loop`` matters to files only."""

    kind: SourceKind
    address: str
    loop: bool = True

    @classmethod
    def parse(cls, text: str) -> SourceSpec:
        """Read a source as a person writes it. Raises SourceError when it is none.

        A file plays in a loop unless ``#once`` follows its name.
        """
        text = text.strip()
        if not text:
            raise SourceError("the source is empty", hint=f"Name {FORMS}.")
        scheme = _SCHEME.match(text)
        if scheme is None:
            return cls._of_path(text)
        kind = _KINDS.get(scheme[1].lower())
        if kind is None:
            raise SourceError(
                f"unknown scheme '{scheme[1]}' in source {text}", hint=f"Name {FORMS}."
            )
        if kind is SourceKind.FILE:
            return cls._of_path(path_of_url(text))
        if kind is SourceKind.WEBCAM:
            Webcam.parse(text)
            return cls(kind, text)
        if not urlsplit(text).netloc:
            raise SourceError(f"the source has no host: {text}", hint=f"Name {FORMS}.")
        return cls(kind, text)

    @classmethod
    def _of_path(cls, text: str) -> SourceSpec:
        if DEVICE_PATH.fullmatch(text):
            return cls(SourceKind.WEBCAM, text)
        return cls(SourceKind.FILE, text.removesuffix(_ONCE), loop=not text.endswith(_ONCE))

    @property
    def display(self) -> str:
        """The address as it may be shown: without user name and password."""
        if self.kind in (SourceKind.RTSP, SourceKind.HTTP):
            parts = urlsplit(self.address)
            return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        return self.address if self.loop else self.address + _ONCE


@dataclass(frozen=True, slots=True)
class StreetParameters:
    """What ``synthetic://traffic?width=&height=&fps=&seed=`` asks for."""

    width: int = 640
    height: int = 360
    fps: Fraction = Fraction(30)
    seed: int = 1

    @classmethod
    def parse(cls, spec: SourceSpec) -> StreetParameters:
        """Read the query of a synthetic source. Raises SourceError that names what is allowed."""
        parts = urlsplit(spec.address)
        if parts.netloc != "traffic":
            raise SourceError(
                f"there is no synthetic scene '{parts.netloc}'", hint="The only scene is traffic."
            )
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        unknown = sorted(set(query) - {*_STREET_BOUNDS, "fps"})
        if unknown:
            raise SourceError(
                f"the synthetic scene has no parameter '{unknown[0]}'",
                hint="Its parameters are width, height, fps and seed.",
            )
        numbers = {name: _whole(name, query[name]) for name in _STREET_BOUNDS if name in query}
        fps = parse_rate(query.get("fps", "30"))
        if not 1 <= fps <= 120:
            raise SourceError(f"fps is {fps}", hint="It must be 1 to 120.")
        return cls(**numbers, fps=fps)


def parse_rate(text: str) -> Fraction:
    """Read a frame rate: ``30``, ``29.97`` (which means 30000/1001) or ``30000/1001``."""
    if text in _NTSC:
        return Fraction(_NTSC[text] * 1000, 1001)
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise SourceError(
            f"fps is '{text}'", hint="Write a number or a ratio, such as 30000/1001."
        ) from None


def _whole(name: str, text: str) -> int:
    low, high = _STREET_BOUNDS[name]
    if not text.isdecimal() or not low <= int(text) <= high or (name != "seed" and int(text) % 2):
        even = "" if name == "seed" else "even, "
        raise SourceError(
            f"{name} is '{text}'", hint=f"It must be a whole number, {even}{low} to {high}."
        )
    return int(text)


@dataclass(frozen=True, slots=True)
class SourcePolicy:
    """The sources that may be opened for somebody who is not at the command line."""

    kinds: frozenset[SourceKind]
    folders: tuple[Path, ...] = ()
    addresses: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, kinds: Iterable[str], folders: Iterable[Path], named: Iterable[SourceSpec]
    ) -> SourcePolicy:
        """Allow these schemes, files below these folders, and exactly these sources."""
        resolved = tuple(folder.resolve() for folder in folders)
        return cls(
            frozenset(SourceKind(kind) for kind in kinds),
            resolved,
            frozenset(spec.address for spec in named),
        )

    def check(self, spec: SourceSpec) -> None:
        """Raise SourceNotAllowedError when the source lies outside."""
        if spec.address in self.addresses:
            return
        if spec.kind is SourceKind.FILE:
            if self._holds(Path(spec.address)):
                return
            allowed = ", ".join(map(str, self.folders)) or "no folder"
            raise SourceNotAllowedError(
                f"'{spec.address}' is outside the allowed folders",
                hint=f"Allowed: {allowed}. Start the server with --allow-folder DIR to add one.",
            )
        if spec.kind not in self.kinds:
            raise SourceNotAllowedError(
                f"sources of type '{spec.kind}' are not allowed",
                hint=f"Allowed: {', '.join(sorted(self.kinds))}. Start the server with "
                f"--allow-scheme {spec.kind} to add it.",
            )

    def _holds(self, path: Path) -> bool:
        if is_on_foreign_share(path, self.folders):
            return False
        resolved = path.resolve()
        return any(resolved.is_relative_to(folder) for folder in self.folders)
