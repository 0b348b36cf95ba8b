"""Text that can be drawn, and its rendering as small luma tiles, which are cached."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from streamlab.core.health import MAX_ERROR_CHARS
from streamlab.detect.tile_cache import TileCache

MAX_TEXT_CHARS = 64
# OpenCV 5 draws this face with its bundled TrueType font, OpenCV 4 with strokes.
_FACE = cv2.FONT_HERSHEY_SIMPLEX
_PX_PER_SCALE = 32.0
_BOLD = 2
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# One thread: OpenCV 5 unpacks its font for each thread that draws text, 6 MB for every camera.
_writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="text")


@lru_cache(maxsize=4096)
def printable(text: str, max_chars: int = MAX_TEXT_CHARS) -> str:
    """Return ``text`` in a form that can be drawn, encoded as UTF-8 and shown on one line.

    Runs of whitespace become single spaces; control characters, lone surrogates (which crash
    ``cv2.getTextSize``) and bidirectional controls become U+FFFD. Text longer than
    ``max_chars`` is cut and ends in an ellipsis.
    """
    line = " ".join(text[: 4 * max_chars].split())
    clean = "".join("\ufffd" if _cannot_be_drawn(letter) else letter for letter in line)
    return clean if len(clean) <= max_chars else clean[: max_chars - 1] + "…"


def error_text(error: BaseException, max_chars: int = MAX_ERROR_CHARS) -> str:
    """Return the class and the message of an error of a user's code, on one line."""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - the message is the user's code, too
        message = "it cannot be described"
    return printable(f"{type(error).__name__}: {message}".removesuffix(": "), max_chars)


def _cannot_be_drawn(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cs") or letter in _BIDI_CONTROLS


def text_luma(text: str, height_px: int, ink: int, ground: int) -> NDArray[np.uint8]:
    """Return a line of text as luma ``(height_px, width)``, read-only.

    ``height_px`` is the line height; ``ink`` and ``ground`` are the lumas of text and
    background. Texts of one height share a baseline, so they can be placed side by side.
    """
    return _tiles(text, height_px, ink, ground)


def _written(text: str, height_px: int, ink: int, ground: int) -> NDArray[np.uint8]:
    return _writer.submit(_write, printable(text), height_px, ink, ground).result()


_tiles = TileCache(_written)


def _write(text: str, height_px: int, ink: int, ground: int) -> NDArray[np.uint8]:
    scale = height_px / _PX_PER_SCALE
    (width, _), _ = cv2.getTextSize(text, _FACE, scale, _BOLD)
    tile = np.full((height_px, width + 1), ground, np.uint8)
    baseline = round(height_px * 0.76)
    cv2.putText(tile, text, (0, baseline), _FACE, scale, (ink,), _BOLD, cv2.LINE_AA)
    tile.flags.writeable = False
    return tile
