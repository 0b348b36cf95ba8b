"""Bits of an H.264 NAL unit: fixed and Exp-Golomb codes, and emulation prevention.

Section numbers are those of ITU-T H.264 (08/2021).
"""

from __future__ import annotations

import re

from streamlab.errors import SourceFormatError

_MAX_LEADING_ZEROS = 32  # of an Exp-Golomb code: the longest that 9.1 allows
MAX_BYTES = 65_535  # the most that fits into an avcC box
_TO_ESCAPE = re.compile(rb"\x00\x00(?=[\x00-\x03])")


class BitReader:
    """Reads codes (9.1) from the payload of a NAL unit.

    Every read past the end raises SourceFormatError, as does a NAL unit of more than ``MAX_BYTES``.
    """

    def __init__(self, nal: bytes) -> None:
        if len(nal) > MAX_BYTES:
            raise SourceFormatError(f"an H.264 parameter set of {len(nal)} bytes")
        payload = nal[1:].replace(b"\x00\x00\x03", b"\x00\x00")
        self._value = int.from_bytes(payload, "big")
        self._size = self._left = len(payload) * 8

    @property
    def position(self) -> int:
        """The number of bits read so far."""
        return self._size - self._left

    def as_text(self) -> str:
        """Return the payload up to the stop bit (7.3.2.11) as a string of zeros and ones."""
        return format(self._value, f"0{self._size}b").rstrip("0")[:-1]

    def u(self, count: int) -> int:
        """Read an unsigned integer of ``count`` bits."""
        self._left -= count
        if self._left < 0:
            raise SourceFormatError("the H.264 parameter set ends too early")
        return self._value >> self._left & (1 << count) - 1

    def ue(self) -> int:
        """Read an unsigned Exp-Golomb code. Raises SourceFormatError if it exceeds 65 bits."""
        zeros = 0
        while not self.u(1):
            zeros += 1
            if zeros > _MAX_LEADING_ZEROS:
                raise SourceFormatError("the H.264 parameter set holds a code of over 65 bits")
        return (1 << zeros) - 1 + self.u(zeros)

    def ue_up_to(self, most: int) -> int:
        """Read an unsigned Exp-Golomb code. Raises SourceFormatError if it exceeds ``most``."""
        code = self.ue()
        if code > most:
            raise SourceFormatError(f"the H.264 parameter set holds {code}, allowed is {most}")
        return code

    def se(self) -> int:
        """Read a signed Exp-Golomb code."""
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def nal_of(header: int, bits: str) -> bytes:
    """Return the NAL unit with this header byte and payload, a string of zeros and ones.

    The stop bit and emulation prevention are added.
    """
    size = len(bits) // 8 + 1  # with the stop bit
    payload = int((bits + "1").ljust(size * 8, "0"), 2).to_bytes(size, "big")
    return bytes((header,)) + _TO_ESCAPE.sub(b"\x00\x00\x03", payload)
