"""Bits of an H.264 NAL unit: fixed and Exp-Golomb codes, and emulation prevention.

Section numbers are those of ITU-T H.264 (08/2021).
"""

from __future__ import annotations

import re

from streamlab.errors import SourceFormatError

_MAX_LEADING_ZEROS = 32  # of an Exp-Golomb code: the longest that 9.1 knows
_TO_ESCAPE = re.compile(rb"\x00\x00(?=[\x00-\x03])")


class BitReader:
    """Reads codes (9.1) of a NAL unit's payload. Raises SourceFormatError past its end."""

    def __init__(self, nal: bytes) -> None:
        payload = nal[1:].replace(b"\x00\x00\x03", b"\x00\x00")
        self._value = int.from_bytes(payload, "big")
        self._size = self._left = len(payload) * 8

    @property
    def position(self) -> int:
        """How many bits have been read."""
        return self._size - self._left

    def as_text(self) -> str:
        """Return all bits up to the stop bit (7.3.2.11), as zeros and ones."""
        return format(self._value, f"0{self._size}b").rstrip("0")[:-1]

    def u(self, count: int) -> int:
        """Return a fixed code of ``count`` bits."""
        self._left -= count
        if self._left < 0:
            raise SourceFormatError("the H.264 parameter set ends too early")
        return self._value >> self._left & (1 << count) - 1

    def ue(self) -> int:
        """Return an unsigned Exp-Golomb code."""
        zeros = 0
        while not self.u(1):
            zeros += 1
            if zeros > _MAX_LEADING_ZEROS:
                raise SourceFormatError("the H.264 parameter set holds a code of over 65 bits")
        return (1 << zeros) - 1 + self.u(zeros)

    def ue_up_to(self, most: int) -> int:
        """Return an unsigned code. Raises SourceFormatError when it is larger than ``most``."""
        code = self.ue()
        if code > most:
            raise SourceFormatError(f"the H.264 parameter set holds {code}, allowed is {most}")
        return code

    def se(self) -> int:
        """Return a signed Exp-Golomb code."""
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def nal_of(header: int, bits: str) -> bytes:
    """Return the NAL unit with this first byte and these bits, given as zeros and ones."""
    size = len(bits) // 8 + 1  # with the stop bit
    payload = int((bits + "1").ljust(size * 8, "0"), 2).to_bytes(size, "big")
    return bytes((header,)) + _TO_ESCAPE.sub(b"\x00\x00\x03", payload)
