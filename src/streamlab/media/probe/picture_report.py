"""Describes a picture as stored and as shown."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av

from streamlab.core.mp4.display_matrix import Orientation
from streamlab.media.colour import RGB, UNSPECIFIED, Colour
from streamlab.media.container import ContainerSource
from streamlab.media.normalise import stored_orientation
from streamlab.media.source import Source, SourceFrame

# Code points of ITU-T H.273, by FFmpeg's names.
_MATRICES = {
    1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco",
    9: "bt2020nc", 10: "bt2020c", 12: "chroma-derived-nc", 14: "ictcp",
}  # fmt: skip
_PRIMARIES = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020",
    10: "smpte428", 11: "smpte431", 12: "smpte432", 22: "ebu3213",
}  # fmt: skip
_TRANSFERS = {
    1: "bt709", 4: "gamma22", 5: "gamma28", 6: "smpte170m", 7: "smpte240m", 8: "linear",
    11: "iec61966-2-4", 13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084",
    17: "smpte428", 18: "arib-std-b67",
}  # fmt: skip
_UNKNOWN_CODES = (0, UNSPECIFIED, 3)
_FIELD_ORDERS = {2: "top first", 3: "bottom first", 4: "top first", 5: "bottom first"}
# The clockwise rotation of an orientation, degrees, and whether it mirrors left to right first.
TURNS: dict[Orientation, tuple[int, bool]] = {
    Orientation.UPRIGHT: (0, False),
    Orientation.TURNED_RIGHT: (90, False),
    Orientation.TURNED_OVER: (180, False),
    Orientation.TURNED_LEFT: (270, False),
    Orientation.MIRRORED: (0, True),
    Orientation.ANTITRANSPOSED: (90, True),
    Orientation.FLIPPED: (180, True),
    Orientation.TRANSPOSED: (270, True),
}


@dataclass(frozen=True, slots=True)
class PictureReport:
    """The picture of a source. ``display_width`` and ``display_height`` are as shown, px."""

    width: int
    """As stored, px."""
    height: int
    display_width: int
    display_height: int
    pixel_format: str
    bit_depth: int
    sample_aspect_ratio: str
    """Width of a pixel to its height, such as ``40:33``."""
    rotation_deg: int
    """Clockwise rotation that makes it upright, applied after mirroring."""
    mirrored: bool
    field_order: str | None
    """``top first`` or ``bottom first``, if it is interlaced and the stream says so."""
    colour_range: str
    """``full`` or ``limited``."""
    colour_matrix: str
    colour_primaries: str
    colour_transfer: str
    colour_assumed: tuple[str, ...]
    """Which of ``range``, ``matrix``, ``primaries`` and ``transfer`` the source does not state."""

    @classmethod
    def of(cls, source: Source, first: SourceFrame) -> PictureReport:
        """Describe an open source by its first frame."""
        decoded = first.decoded or first.frame
        turn_deg, mirrored = TURNS[stored_orientation(decoded)]
        colour = Colour.of(decoded)
        is_rgb = _is_rgb(decoded.format)
        shape = source.pixel_shape if isinstance(source, ContainerSource) else Fraction(1)
        field_order = None
        if isinstance(source, ContainerSource):
            field_order = _FIELD_ORDERS.get(source.stream.codec_context.field_order)
        return cls(
            width=decoded.width,
            height=decoded.height,
            display_width=source.info.width,
            display_height=source.info.height,
            pixel_format=decoded.format.name,
            bit_depth=max(component.bits for component in decoded.format.components),
            sample_aspect_ratio="{}:{}".format(*(shape or Fraction(1)).as_integer_ratio()),
            rotation_deg=turn_deg,
            mirrored=mirrored,
            field_order=field_order,
            colour_range="full" if colour.full_range or is_rgb else "limited",
            colour_matrix="rgb" if is_rgb else _MATRICES.get(colour.matrix, str(colour.matrix)),
            colour_primaries=_PRIMARIES.get(colour.primaries, str(colour.primaries)),
            colour_transfer=_TRANSFERS.get(colour.transfer, str(colour.transfer)),
            colour_assumed=tuple(_assumed(source, decoded.format)),
        )

    @property
    def turn(self) -> str:
        """The rotation in words, or ''."""
        degrees = 90 if self.rotation_deg == 270 else self.rotation_deg
        sides = {90: " to the right", 270: " to the left"}
        return f"{degrees} degrees{sides.get(self.rotation_deg, '')}" if degrees else ""

    @property
    def is_square(self) -> bool:
        """True if its pixels are square."""
        return self.sample_aspect_ratio == "1:1"


def _is_rgb(pixel_format: av.VideoFormat) -> bool:
    return pixel_format.is_rgb or pixel_format.name.startswith("pal")


def _assumed(source: Source, pixel_format: av.VideoFormat) -> list[str]:
    """Return what the source does not state; the frame itself already holds the assumed values."""
    if not isinstance(source, ContainerSource):
        return []  # only containers have a codec context to ask
    context, is_rgb = source.stream.codec_context, _is_rgb(pixel_format)
    has_range = context.color_range or pixel_format.name.startswith("yuvj") or is_rgb
    names = {
        "range": bool(has_range),
        "matrix": is_rgb or context.colorspace not in (RGB, *_UNKNOWN_CODES),
        "primaries": context.color_primaries not in _UNKNOWN_CODES,
        "transfer": context.color_trc not in _UNKNOWN_CODES,
    }
    return [name for name, is_known in names.items() if not is_known]
