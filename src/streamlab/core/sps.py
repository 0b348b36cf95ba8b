"""The few fields of an H.264 SPS that say whether a stream can be shown without delay.

Section numbers are those of ITU-T H.264 (08/2021).
"""

from __future__ import annotations

from dataclasses import dataclass

from streamlab.errors import SourceFormatError

_PROFILES_WITH_CHROMA = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
_EXTENDED_SAR = 255  # aspect_ratio_idc, table E-1
_MAX_LEADING_ZEROS = 32  # of an Exp-Golomb code: the longest that 9.1 knows


class _Bits:
    """Reads fixed and Exp-Golomb codes (9.1) of a NAL unit's payload."""

    def __init__(self, nal: bytes) -> None:
        payload = nal[1:].replace(b"\x00\x00\x03", b"\x00\x00")
        self._value = int.from_bytes(payload, "big")
        self._left = len(payload) * 8

    def u(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise SourceFormatError("the H.264 parameter set ends too early")
        return self._value >> self._left & (1 << count) - 1

    def ue(self) -> int:
        zeros = 0
        while not self.u(1):
            zeros += 1
            if zeros > _MAX_LEADING_ZEROS:
                raise SourceFormatError("the H.264 parameter set holds a code of over 65 bits")
        return (1 << zeros) - 1 + self.u(zeros)

    def ue_up_to(self, most: int) -> int:
        code = self.ue()
        if code > most:
            raise SourceFormatError(f"the H.264 parameter set holds {code}, allowed is {most}")
        return code

    def se(self) -> int:
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)


@dataclass(frozen=True, slots=True)
class SpsInfo:
    """What an SPS says about reordering (7.3.2.1.1, E.1.1).

    ``max_num_reorder_frames`` is None when the SPS has no bitstream restriction: a decoder
    must then hold pictures back as if there were B-frames.
    """

    profile_idc: int
    chroma_format_idc: int
    bit_depth: int
    """Of luma."""
    chroma_bit_depth: int
    frame_mbs_only: bool
    pic_order_cnt_type: int
    max_num_reorder_frames: int | None


def parse_sps(sps: bytes) -> SpsInfo:
    """Read the fields of an SPS that decide whether it can be passed through.

    Raises SourceFormatError when it ends too early or holds a value that H.264 does not know.
    """
    bits = _Bits(sps)
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
    reorder = _reorder_frames(bits) if bits.u(1) else None
    return SpsInfo(profile_idc, *chroma, frame_mbs_only, pic_order_cnt_type, reorder)


def _chroma(bits: _Bits) -> tuple[int, int, int]:
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


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last = scale = 8
    for _ in range(size):
        if scale:
            scale = (last + bits.se()) % 256
        last = scale or last


def _picture_order(bits: _Bits) -> int:
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


def _reorder_frames(bits: _Bits) -> int | None:
    if bits.u(1) and bits.u(8) == _EXTENDED_SAR:
        bits.u(32)
    if bits.u(1):  # overscan_info_present_flag
        bits.u(1)
    if bits.u(1):  # video_signal_type_present_flag
        bits.u(4)
        if bits.u(1):
            bits.u(24)
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
    if not bits.u(1):  # bitstream_restriction_flag
        return None
    bits.u(1)
    for _ in range(4):
        bits.ue()
    return bits.ue()


def _skip_hrd(bits: _Bits) -> None:
    count = bits.ue_up_to(31) + 1  # cpb_cnt_minus1
    bits.u(8)
    for _ in range(count):
        bits.ue()
        bits.ue()
        bits.u(1)
    bits.u(20)
