"""Writes sequence parameter sets: the inverse of ``core.h264.sps``, for its tests."""

from __future__ import annotations

from dataclasses import dataclass, field

from streamlab.core.h264.sps import VideoSignal

HIGH = 100
BASELINE = 66


class BitWriter:
    """Fixed and Exp-Golomb codes (ITU-T H.264, 9.1), most significant bit first."""

    def __init__(self) -> None:
        self.bits = ""

    def u(self, count: int, value: int) -> None:
        self.bits += format(value, f"0{count}b")

    def ue(self, *values: int) -> None:
        for value in values:
            code = format(value + 1, "b")
            self.bits += "0" * (len(code) - 1) + code

    def se(self, *values: int) -> None:
        for value in values:
            self.ue(2 * value - 1 if value > 0 else -2 * value)

    def rbsp(self) -> bytes:
        """The bits with their stop bit, and emulation prevention (7.4.1)."""
        bits = self.bits + "1"
        bits += "0" * (-len(bits) % 8)
        plain = int(bits, 2).to_bytes(len(bits) // 8, "big")
        written, zeros = bytearray(), 0
        for byte in plain:
            if zeros == 2 and byte <= 3:
                written.append(3)
                zeros = 0
            written.append(byte)
            zeros = zeros + 1 if byte == 0 else 0
        return bytes(written)


@dataclass(frozen=True)
class Vui:
    """The parts of the VUI that are there (E.1.1)."""

    sar: int | None = None
    overscan: bool = False
    signal: bool = False
    colours: bool = False
    chroma_location: bool = False
    timing: bool = False
    hrd_counts: tuple[int | None, int | None] = (None, None)
    reorder_frames: int | None = None

    @property
    def video_signal(self) -> VideoSignal | None:
        """What it says of the samples."""
        if not self.signal:
            return None
        return VideoSignal(True, 1, 1, 1) if self.colours else VideoSignal(True)

    def write(self, bits: BitWriter) -> None:
        bits.u(1, self.sar is not None)
        if self.sar is not None:
            bits.u(8, self.sar)
            if self.sar == 255:
                bits.u(32, 0x00100011)
        bits.u(1, self.overscan)
        if self.overscan:
            bits.u(1, 1)
        bits.u(1, self.signal)
        if self.signal:
            bits.u(4, 0b1011)  # unspecified format, full range
            bits.u(1, self.colours)
            if self.colours:
                bits.u(24, 0x010101)
        bits.u(1, self.chroma_location)
        if self.chroma_location:
            bits.ue(1, 1)
        bits.u(1, self.timing)
        if self.timing:
            bits.u(65, 0x1FFFF)
        for count in self.hrd_counts:
            bits.u(1, count is not None)
            if count is not None:
                self._write_hrd(bits, count)
        if self.hrd_counts != (None, None):
            bits.u(1, 0)  # low_delay_hrd_flag
        bits.u(1, 0)  # pic_struct_present_flag
        bits.u(1, self.reorder_frames is not None)
        if self.reorder_frames is not None:
            bits.u(1, 1)
            bits.ue(0, 0, 11, 11, self.reorder_frames, 4)

    @staticmethod
    def _write_hrd(bits: BitWriter, count: int) -> None:
        bits.ue(count - 1)
        bits.u(8, 0)
        for number in range(count):
            bits.ue(number, number + 1)
            bits.u(1, 0)
        bits.u(20, 0)


@dataclass(frozen=True)
class SpsFields:
    """The syntax elements of an SPS (7.3.2.1.1) that a test chooses."""

    profile_idc: int = HIGH
    sps_id: int = 0
    chroma_format_idc: int = 1
    bit_depth: int = 8
    chroma_bit_depth: int = 8
    scaling_lists: tuple[int, ...] = ()
    """Of each list that is there its first delta; -8 ends it at once (Flat)."""
    pic_order_cnt_type: int = 2
    poc_cycle: tuple[int, ...] = ()
    frame_mbs_only: bool = True
    cropping: tuple[int, ...] = ()
    vui: Vui | None = field(default_factory=Vui)

    def write(self) -> bytes:
        """The NAL unit."""
        bits = BitWriter()
        bits.u(8, self.profile_idc)
        bits.u(16, 0x001F)
        bits.ue(self.sps_id)
        if self.profile_idc == HIGH:
            self._write_chroma(bits)
        bits.ue(0)
        self._write_picture_order(bits)
        bits.ue(4)
        bits.u(1, 0)
        bits.ue(39, 22)
        bits.u(1, self.frame_mbs_only)
        if not self.frame_mbs_only:
            bits.u(1, 0)
        bits.u(1, 1)
        bits.u(1, bool(self.cropping))
        bits.ue(*self.cropping)
        bits.u(1, self.vui is not None)
        if self.vui is not None:
            self.vui.write(bits)
        return b"\x67" + bits.rbsp()

    def _write_chroma(self, bits: BitWriter) -> None:
        bits.ue(self.chroma_format_idc)
        if self.chroma_format_idc == 3:
            bits.u(1, 0)
        bits.ue(self.bit_depth - 8, self.chroma_bit_depth - 8)
        bits.u(1, 0)
        bits.u(1, bool(self.scaling_lists))
        if self.scaling_lists:
            count = 12 if self.chroma_format_idc == 3 else 8
            for index in range(count):
                there = index < len(self.scaling_lists)
                bits.u(1, there)
                if there:
                    self._write_scaling_list(bits, self.scaling_lists[index], index)

    @staticmethod
    def _write_scaling_list(bits: BitWriter, delta: int, index: int) -> None:
        bits.se(delta)
        if delta != -8:  # 8 - 8: what follows is as before, and is not written
            bits.se(*[0] * ((16 if index < 6 else 64) - 1))

    def _write_picture_order(self, bits: BitWriter) -> None:
        bits.ue(self.pic_order_cnt_type)
        if self.pic_order_cnt_type == 0:
            bits.ue(4)
        elif self.pic_order_cnt_type == 1:
            bits.u(1, 0)
            bits.se(-1, 1)
            bits.ue(len(self.poc_cycle))
            bits.se(*self.poc_cycle)
