"""Default names for cameras that have none."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import count
from pathlib import Path

from streamlab.media.spec import SourceKind, SourceSpec
from streamlab.media.webcam import Webcam

_NOT_A_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


def name_of(spec: SourceSpec) -> str:
    """Return a default camera name for a source: its scene, file, host or device."""
    if spec.kind is SourceKind.FILE:
        text = Path(spec.address).stem
    elif spec.kind is SourceKind.WEBCAM:
        text = Webcam.parse(spec.address).name
    else:
        text = spec.hostname
    return _NOT_A_NAME.sub("-", text).strip("-._")[:48] or "camera"


def unused_name(spec: SourceSpec, taken: Collection[str]) -> str:
    """Return ``name_of`` the source; if taken, with the lowest free number from ``-2`` on."""
    name = name_of(spec)
    if name not in taken:
        return name
    return next(each for n in count(2) if (each := f"{name}-{n}") not in taken)
