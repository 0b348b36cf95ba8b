"""Mutates media: bounded, and always alike for the same seed of the random numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random

from tests.fuzz.media_seeds import MediaSeed

MAX_CHANGES = 8
MAX_PIECE_BYTES = 4096
NEAR_BYTES = 512
"""Headers and indexes are at the ends: every other change is that near one of them."""
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)
LINES = (
    b"/etc/passwd", b"file:///etc/passwd", b"../secret.ts", b"http://127.0.0.1:9/a.ts",
    b"list.m3u8", b"concat:0.ts|1.ts", b"subfile,,start,0,end,9,,:0.ts",
    b"data:video/mp2t;base64,R0==", b"a" * 5000, b"#EXTM3U", b"#EXTINF:-1,", b"#EXTINF:1e309,",
    b"#EXT-X-BYTERANGE:99999999999@1", b'#EXT-X-KEY:METHOD=AES-128,URI="1.ts"',
    b'#EXT-X-MAP:URI="0.ts",BYTERANGE="9@0"', b"#EXT-X-DISCONTINUITY",
    b"#EXT-X-MEDIA-SEQUENCE:18446744073709551615", b"#EXT-X-TARGETDURATION:0",
    b"#EXT-X-TARGETDURATION:9999999999", b"#EXT-X-PLAYLIST-TYPE:EVENT", b"file list.ffconcat",
    b"file 0.ts", b"duration 0", b"duration -1", b"outpoint 1e300", b"stream",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """A seed in which one file was replaced."""

    seed: MediaSeed
    file: str
    data: bytes

    @property
    def name(self) -> str:
        """A name for the corpus: the seed, the file and a digest of its bytes."""
        return f"{self.seed.name}/{self.file}/{sha256(self.data).hexdigest()[:16]}"

    @property
    def is_even(self) -> bool:
        """True for half of all mutants, whatever their number: chooses between two ways."""
        return int(self.name[-1], 16) % 2 == 0

    def write(self, folder: Path) -> Path:
        """Write all files and return the one to open."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in (self.seed.files | {self.file: self.data}).items():
            (folder / name).write_bytes(data)
        return folder / self.seed.opened


def make_mutant(seeds: dict[str, MediaSeed], run: int, number: int) -> Mutant:
    """Return mutant `number` of a run; the same two numbers give the same one."""
    random = Random(f"{run}-{number}")
    seed = seeds[sorted(seeds)[number % len(seeds)]]
    # What is opened first decides what becomes of the others.
    file = seed.opened if random.random() < 0.5 else random.choice(sorted(seed.files))
    is_text = file.endswith((".m3u8", ".ffconcat"))
    data = mutate(seed.files[file], random, _LINE_CHANGES if is_text else _CHANGES)
    return Mutant(seed, file, data)


Change = Callable[[bytearray, Random], None]


def mutate(data: bytes, random: Random, changes: tuple[Change, ...]) -> bytes:
    """Return a copy with a few changes."""
    changed = bytearray(data)
    for _ in range(random.randint(1, MAX_CHANGES)):
        random.choice(changes)(changed, random)
    return bytes(changed)


def _place(data: bytearray, random: Random) -> int:
    near = min(NEAR_BYTES, len(data))
    return random.choice(
        (random.randint(0, near), len(data) - random.randint(0, near), random.randint(0, len(data)))
    )


def _set_bytes(data: bytearray, random: Random) -> None:
    at, size = _place(data, random), random.choice((1, 1, 2, 4, 8))
    value = random.choice((random.getrandbits(8 * size), random.choice(NUMBERS)))
    data[at : at + size] = (value % (1 << 8 * size)).to_bytes(size, "big")


def _flip(data: bytearray, random: Random) -> None:
    if data:
        data[min(_place(data, random), len(data) - 1)] ^= 1 << random.randrange(8)


def _remove(data: bytearray, random: Random) -> None:
    at = _place(data, random)
    del data[at : at + random.randint(1, MAX_PIECE_BYTES)]


def _repeat(data: bytearray, random: Random) -> None:
    at, to = _place(data, random), _place(data, random)
    data[to:to] = data[at : at + random.randint(1, MAX_PIECE_BYTES)]


def _fill(data: bytearray, random: Random) -> None:
    at, size = _place(data, random), random.randint(1, 256)
    data[at : at + size] = bytes([random.choice((0, 0xFF, random.randrange(256)))]) * size


def _insert(data: bytearray, random: Random) -> None:
    at = _place(data, random)
    data[at:at] = random.randbytes(random.randint(1, 64))


def _truncate(data: bytearray, random: Random) -> None:
    if random.random() < 0.2:
        del data[_place(data, random) :]


def _set_line(data: bytearray, random: Random) -> None:
    lines = data.split(b"\n")
    at = random.randrange(len(lines))
    given = random.choice(LINES) if random.random() < 0.6 else random.choice(lines)
    lines[at : at + random.randrange(2)] = [bytearray(given)]
    data[:] = b"\n".join(lines)


_CHANGES: tuple[Change, ...] = (
    _set_bytes, _set_bytes, _flip, _flip, _remove, _repeat, _fill, _insert, _truncate
)  # fmt: skip
_LINE_CHANGES: tuple[Change, ...] = (_set_line, _set_line, _set_line, _flip, _truncate)
