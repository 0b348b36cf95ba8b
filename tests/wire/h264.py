"""As much of ITU-T H.264 as it takes to see that no picture is reordered."""

from __future__ import annotations

from dataclasses import dataclass

HIGH_PROFILES = {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244}
NAL_SLICE, NAL_IDR, NAL_SPS, NAL_PPS = 1, 5, 7, 8
SLICE_B = 1  # slice_type modulo 5, table 7-6


class BitReader:
    """Reads the fixed-length and Exp-Golomb codes of clause 9.1."""

    def __init__(self, nal: bytes) -> None:
        payload = nal.replace(b"\0\0\3", b"\0\0")  # emulation prevention, 7.4.1
        self._value = int.from_bytes(payload)
        self._left = len(payload) * 8

    def bits(self, count: int) -> int:
        """Return the next `count` bits as an unsigned integer; EOFError past the end."""
        if count > self._left:
            raise EOFError("the NAL unit is too short")
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def unsigned(self) -> int:
        """Return the next ue(v)."""
        zeros = 0
        while not self.bits(1):
            zeros += 1
        return (1 << zeros) - 1 + self.bits(zeros)

    def signed(self) -> int:
        """Return the next se(v)."""
        code = self.unsigned()
        return (code + 1) // 2 if code % 2 else -(code // 2)


@dataclass(frozen=True, slots=True)
class Sps:
    """A sequence parameter set; the reorder depth is None where the VUI does not tell it."""

    profile_compat_level: bytes
    width: int
    height: int
    max_num_reorder_frames: int | None
    max_dec_frame_buffering: int | None


def split_nals(sample: bytes, length_size: int) -> list[bytes]:
    """Split a sample into its NAL units; ValueError when the lengths do not add up."""
    nals, position = [], 0
    while position < len(sample):
        start = position + length_size
        position = start + int.from_bytes(sample[position:start])
        nals.append(sample[start:position])
    if position != len(sample) or not all(nals):
        raise ValueError("the lengths of the NAL units do not fill the sample")
    return nals


def nal_type(nal: bytes) -> int:
    return nal[0] & 0x1F


def slice_types(nals: list[bytes]) -> set[int]:
    """Return the slice types (0 P, 1 B, 2 I) of the picture that `nals` make."""
    types = set()
    for nal in nals:
        if nal_type(nal) in (NAL_SLICE, NAL_IDR):
            reader = BitReader(nal[1:32])
            reader.unsigned()  # first_mb_in_slice
            types.add(reader.unsigned() % 5)
    return types


def parse_sps(nal: bytes) -> Sps:
    """Read an SPS NAL unit (7.3.2.1.1) down to the end of its VUI."""
    reader = BitReader(nal[1:])
    profile_compat_level = reader.bits(24).to_bytes(3)
    reader.unsigned()  # seq_parameter_set_id
    chroma_format = _chroma_format(reader) if profile_compat_level[0] in HIGH_PROFILES else 1
    reader.unsigned()  # log2_max_frame_num_minus4
    _skip_picture_order(reader)
    reader.unsigned()  # max_num_ref_frames
    reader.bits(1)  # gaps_in_frame_num_value_allowed_flag
    width = (reader.unsigned() + 1) * 16
    height_in_map_units = reader.unsigned() + 1
    frame_mbs_only = reader.bits(1)
    if not frame_mbs_only:
        reader.bits(1)  # mb_adaptive_frame_field_flag
    height = height_in_map_units * 16 * (2 - frame_mbs_only)
    reader.bits(1)  # direct_8x8_inference_flag
    if reader.bits(1):  # frame_cropping_flag
        left, right, top, bottom = (reader.unsigned() for _ in range(4))
        unit_x = 2 if chroma_format in (1, 2) else 1
        unit_y = (2 if chroma_format == 1 else 1) * (2 - frame_mbs_only)
        width -= (left + right) * unit_x
        height -= (top + bottom) * unit_y
    reorder, buffering = _reordering(reader) if reader.bits(1) else (None, None)
    return Sps(profile_compat_level, width, height, reorder, buffering)


def _chroma_format(reader: BitReader) -> int:
    chroma_format = reader.unsigned()
    if chroma_format == 3:
        reader.bits(1)  # separate_colour_plane_flag
    reader.unsigned()  # bit_depth_luma_minus8
    reader.unsigned()  # bit_depth_chroma_minus8
    reader.bits(1)  # qpprime_y_zero_transform_bypass_flag
    if reader.bits(1):
        for index in range(12 if chroma_format == 3 else 8):
            if reader.bits(1):
                _skip_scaling_list(reader, 16 if index < 6 else 64)
    return chroma_format


def _skip_scaling_list(reader: BitReader, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + reader.signed()) % 256
        last = following or last


def _skip_picture_order(reader: BitReader) -> None:
    order_type = reader.unsigned()
    if order_type == 0:
        reader.unsigned()  # log2_max_pic_order_cnt_lsb_minus4
    elif order_type == 1:
        reader.bits(1)
        reader.signed()
        reader.signed()
        for _ in range(reader.unsigned()):
            reader.signed()


def _reordering(reader: BitReader) -> tuple[int | None, int | None]:
    """Read the VUI (E.1.1); return max_num_reorder_frames and max_dec_frame_buffering."""
    if reader.bits(1) and reader.bits(8) == 255:  # aspect_ratio_idc Extended_SAR
        reader.bits(32)
    if reader.bits(1):  # overscan_info_present_flag
        reader.bits(1)
    if reader.bits(1):  # video_signal_type_present_flag
        reader.bits(4)
        if reader.bits(1):
            reader.bits(24)
    if reader.bits(1):  # chroma_loc_info_present_flag
        reader.unsigned()
        reader.unsigned()
    if reader.bits(1):  # timing_info_present_flag
        reader.bits(65)
    has_nal_hrd = _skip_hrd(reader)
    has_vcl_hrd = _skip_hrd(reader)
    if has_nal_hrd or has_vcl_hrd:
        reader.bits(1)  # low_delay_hrd_flag
    reader.bits(1)  # pic_struct_present_flag
    if not reader.bits(1):  # bitstream_restriction_flag
        return None, None
    reader.bits(1)  # motion_vectors_over_pic_boundaries_flag
    for _ in range(4):
        reader.unsigned()
    return reader.unsigned(), reader.unsigned()


def _skip_hrd(reader: BitReader) -> bool:
    """Tell whether there are HRD parameters (E.1.2) here, and skip them."""
    if not reader.bits(1):
        return False
    count = reader.unsigned() + 1
    reader.bits(8)
    for _ in range(count):
        reader.unsigned()
        reader.unsigned()
        reader.bits(1)
    reader.bits(20)
    return True
