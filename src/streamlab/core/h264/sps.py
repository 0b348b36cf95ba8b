"""The fields of an H.264 SPS that decide how a stream is shown: reordering, depth, colours.

Section numbers are those of ITU-T H.264 (08/2021).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from streamlab.core.h264.bits import BitReader, nal_of

UNSPECIFIED = 2  # for primaries, transfer and matrix (H.273, 8.1 to 8.3)
_PROFILES_WITH_CHROMA = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
_EXTENDED_SAR = 255  # aspect_ratio_idc, table E-1
_NO_VIDEO_FORMAT = 5  # video_format, table E-2: unspecified


class VideoSignal(NamedTuple):
    """How to interpret the samples (E.2.1), as H.273 code points."""

    full_range: bool
    matrix: int = UNSPECIFIED
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED


@dataclass(frozen=True, slots=True)
class SpsInfo:
    """The parsed fields of an SPS (7.3.2.1.1, E.1.1).

    ``max_num_reorder_frames`` is None if the SPS has no bitstream restriction: a decoder must then
    delay pictures as if there were B-frames. ``signal`` is None if the SPS does not describe the
    video signal; ``signal_bits`` is the bit range that the description occupies or would replace.
    """

    profile_idc: int
    chroma_format_idc: int
    bit_depth: int
    """Of luma."""
    chroma_bit_depth: int
    frame_mbs_only: bool
    pic_order_cnt_type: int
    max_num_reorder_frames: int | None
    signal: VideoSignal | None = None
    has_vui: bool = True
    signal_bits: tuple[int, int] = field(default=(0, 0), compare=False)


def parse_sps(sps: bytes) -> SpsInfo:
    """Parse the fields of an SPS that decide how the stream is shown.

    Raises SourceFormatError if it is truncated or contains a value that H.264 does not define.
    """
    bits = BitReader(sps)
    profile_idc, _, _ = bits.u(8), bits.u(16), bits.ue()
    chroma = _chroma(bits) if profile_idc in _PROFILES_WITH_CHROMA else (1, 8, 8)
    bits.ue()  # log2_max_frame_num_minus4
    pic_order_cnt_type = _picture_order(bits)
    bits.ue()  # max_num_ref_frames
    bits.u(1)  # gaps_in_frame_num_value_allowed_flag
    bits.ue()  # pic_width_in_mbs_minus1
    bits.ue()  # pic_height_in_map_units_minus1
    frame_mbs_only = bool(bits.u(1))
    if not frame_mbs_only:
        bits.u(1)  # mb_adaptive_frame_field_flag
    bits.u(1)  # direct_8x8_inference_flag
    if bits.u(1):  # frame_cropping_flag
        for _ in range(4):
            bits.ue()
    start = bits.position
    has_vui = bool(bits.u(1))
    vui = _vui(bits) if has_vui else _Vui(None, None, (start, start + 1))
    return SpsInfo(
        profile_idc,
        *chroma,
        frame_mbs_only,
        pic_order_cnt_type,
        vui.max_num_reorder_frames,
        vui.signal,
        has_vui,
        vui.signal_bits,
    )


def describe_signal(sps: bytes, signal: VideoSignal) -> bytes:
    """Return the SPS with this description of the video signal, otherwise unchanged.

    Raises SourceFormatError as ``parse_sps`` does.
    """
    info = parse_sps(sps)
    if info.signal == signal:
        return sps
    fields = f"1{_NO_VIDEO_FORMAT:03b}{signal.full_range:b}1"
    fields += f"{signal.primaries:08b}{signal.transfer:08b}{signal.matrix:08b}"
    if not info.has_vui:
        fields = f"100{fields}000000"  # a VUI that describes nothing else
    bits, (start, end) = BitReader(sps).as_text(), info.signal_bits
    return nal_of(sps[0], bits[:start] + fields + bits[end:])


def _chroma(bits: BitReader) -> tuple[int, int, int]:
    chroma_format_idc = bits.ue_up_to(3)
    if chroma_format_idc == 3:
        bits.u(1)  # separate_colour_plane_flag
    luma, chroma = 8 + bits.ue_up_to(6), 8 + bits.ue_up_to(6)  # bit depths
    bits.u(1)  # qpprime_y_zero_transform_bypass_flag
    if bits.u(1):  # seq_scaling_matrix_present_flag
        for index in range(8 if chroma_format_idc != 3 else 12):
            if bits.u(1):
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma_format_idc, luma, chroma


def _skip_scaling_list(bits: BitReader, size: int) -> None:
    last = scale = 8
    for _ in range(size):
        if scale:
            scale = (last + bits.se()) % 256
        last = scale or last


def _picture_order(bits: BitReader) -> int:
    pic_order_cnt_type = bits.ue_up_to(2)
    if pic_order_cnt_type == 0:
        bits.ue()
    elif pic_order_cnt_type == 1:
        bits.u(1)
        bits.se()
        bits.se()
        for _ in range(bits.ue_up_to(255)):  # num_ref_frames_in_pic_order_cnt_cycle
            bits.se()
    return pic_order_cnt_type


class _Vui(NamedTuple):
    max_num_reorder_frames: int | None
    signal: VideoSignal | None
    signal_bits: tuple[int, int]


def _vui(bits: BitReader) -> _Vui:
    if bits.u(1) and bits.u(8) == _EXTENDED_SAR:
        bits.u(32)
    if bits.u(1):  # overscan_info_present_flag
        bits.u(1)
    start = bits.position
    signal = _video_signal(bits)
    span = start, bits.position
    if bits.u(1):  # chroma_loc_info_present_flag
        bits.ue()
        bits.ue()
    if bits.u(1):  # timing_info_present_flag
        bits.u(65)
    has_hrd = False
    for _ in range(2):  # NAL, then VCL
        if bits.u(1):
            has_hrd = True
            _skip_hrd(bits)
    if has_hrd:
        bits.u(1)  # low_delay_hrd_flag
    bits.u(1)  # pic_struct_present_flag
    return _Vui(_reorder_frames(bits), signal, span)


def _video_signal(bits: BitReader) -> VideoSignal | None:
    if not bits.u(1):  # video_signal_type_present_flag
        return None
    bits.u(3)  # video_format
    full_range = bool(bits.u(1))
    if not bits.u(1):  # colour_description_present_flag
        return VideoSignal(full_range)
    primaries, transfer, matrix = bits.u(8), bits.u(8), bits.u(8)
    return VideoSignal(full_range, matrix, primaries, transfer)


def _reorder_frames(bits: BitReader) -> int | None:
    if not bits.u(1):  # bitstream_restriction_flag
        return None
    bits.u(1)
    for _ in range(4):
        bits.ue()
    return bits.ue()


def _skip_hrd(bits: BitReader) -> None:
    count = bits.ue_up_to(31) + 1  # cpb_cnt_minus1
    bits.u(8)
    for _ in range(count):
        bits.ue()
        bits.ue()
        bits.u(1)
    bits.u(20)
