"""What a source may reach when it was given over HTTP.

An operator's own sources (command line, configuration, notebook) have no ``SourceLimits``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from streamlab.errors import SourceFormatError
from streamlab.media.networks import Network
from streamlab.media.paths import is_on_foreign_share

MAX_PIXELS = 4096 * 2304
_PADDING_PX = 1 << 16


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """The folders and networks open to sources that were given over HTTP."""

    folders: tuple[Path, ...] = ()
    """Resolved: without symbolic links."""
    networks: tuple[Network, ...] = ()
    """Those that may be named although they are local: see ``media.networks``."""

    def holds(self, path: Path) -> bool:
        """Return True if a file is below one of the folders, once its links are followed."""
        return self.place_of(path) is not None

    def place_of(self, path: Path) -> tuple[Path, tuple[str, ...]] | None:
        """Return the folder a file is below, and the names on the way, without links; else None."""
        if is_on_foreign_share(path, self.folders):
            return None
        resolved = path.resolve()
        for folder in self.folders:
            if resolved.is_relative_to(folder):
                return folder, resolved.relative_to(folder).parts
        return None


NOTHING = SourceLimits()
"""No file, and no local network."""


def check_pixels(width: int, height: int, max_pixels: int) -> None:
    """Raise SourceFormatError for a picture of more than ``max_pixels`` px."""
    if width * height > max_pixels:
        raise too_large(max_pixels, f"the picture is {width}x{height} px")


def too_large(max_pixels: int, what: str = "the picture is too large") -> SourceFormatError:
    """Return the error for a picture of more than ``max_pixels`` px."""
    return SourceFormatError(
        f"{what}, and the setting max_pixels allows {max_pixels} px",
        hint="Let the camera send smaller pictures, or set max_pixels.",
    )


def decoder_options(max_pixels: int) -> dict[str, str]:
    """Return the options of a decoder that refuses larger pictures before it allocates them."""
    # FFmpeg counts the size as coded, padded to whole blocks: never refuse what is allowed.
    return {"max_pixels": str(max_pixels + max_pixels // 8 + _PADDING_PX)}
