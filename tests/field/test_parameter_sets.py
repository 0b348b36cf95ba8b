"""H.264 whose parameter sets are many, change, or come in band only: every picture decodes."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from streamlab.core.h264.access_unit import NEW_SETS, NO_SETS
from streamlab.errors import SourceError, SourceFormatError
from tests.fakes import h264_streams as h264
from tests.fakes.h264_streams import Piece, Unit
from tests.wire.mp4 import parse_init
from tests.wire.picture import read_strip

from .delivered import SOURCE, Delivered, deliver, luma

TWO_IDS = (Piece(), Piece(sps_id=3), Piece(sps_id=31), Piece())
SAME_ID = (Piece(), Piece(width=160, height=96), Piece(options={"profile": "baseline"}))
CAVLC = Piece(frames=24, options={"profile": "baseline"})


def numbers(delivered: Delivered) -> list[int | None]:
    return [read_strip(luma(frame)) for frame in delivered.frames(SOURCE)]


def assert_all_decode(delivered: Delivered, count: int) -> None:
    assert numbers(delivered) == list(range(count))
    assert len(delivered.frames_of_client(SOURCE)) == count


def assert_passed_through(delivered: Delivered) -> None:
    assert set(delivered.details) == {""}


@pytest.mark.parametrize("pieces", [TWO_IDS, SAME_ID], ids=["other ids", "same id"])
@pytest.mark.parametrize(
    "suffix", [".h264", ".ts", ".mp4", pytest.param(".mkv", marks=pytest.mark.long)]
)
def test_every_picture_decodes_when_the_sets_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, pieces: tuple[Piece, ...]
) -> None:
    path, units = tmp_path / f"sets{suffix}", h264.access_units(*pieces)
    (h264.write_raw if suffix == ".h264" else h264.write)(path, units)
    delivered = deliver(monkeypatch, path, SOURCE)
    assert_passed_through(delivered)
    assert_all_decode(delivered, len(units))
    # One init at each change, none where the sets are only repeated.
    assert len(delivered.inits) == len(pieces)
    sizes = [(init.width, init.height) for init in delivered.inits]
    assert sizes == [(piece.width, piece.height) for piece in pieces]


@pytest.mark.parametrize("pieces", [TWO_IDS, SAME_ID], ids=["other ids", "same id"])
def test_sequence_headers_in_mid_stream_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: tuple[Piece, ...]
) -> None:
    path = h264.write_flv(tmp_path / "rtmp.flv", *pieces)
    delivered = deliver(monkeypatch, path, SOURCE)
    assert_passed_through(delivered)
    assert_all_decode(delivered, sum(piece.frames for piece in pieces))
    assert len(delivered.inits) == len(pieces)


def test_sets_in_band_only_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    units = h264.access_units(*SAME_ID)
    path = h264.write_without_extradata(tmp_path / "bare.mp4", units)
    delivered = deliver(monkeypatch, path, SOURCE)
    assert_passed_through(delivered)
    assert_all_decode(delivered, len(units))


def test_sets_in_packets_of_their_own_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    units: list[Unit] = []
    for unit, is_idr in h264.access_units(*SAME_ID):
        if is_idr:
            units.append((h264.annex_b(*h264.sets_of(unit)), False))
        units.append((h264.without_sets(unit), is_idr))
    path = h264.write_without_extradata(tmp_path / "apart.mp4", units)
    delivered = deliver(monkeypatch, path, SOURCE)
    assert_passed_through(delivered)
    assert_all_decode(delivered, sum(piece.frames for piece in SAME_ID))


def test_pictures_that_take_turns_at_several_pps_need_one_init(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = h264.access_units(CAVLC)
    sps, pps = h264.sets_of(units[0][0])
    many = h264.annex_b(sps, *(h264.pps_copy(pps, number) for number in range(4)))
    turns = [
        ((many if is_idr else b"") + h264.refer_to(h264.without_sets(unit), number % 4), is_idr)
        for number, (unit, is_idr) in enumerate(units)
    ]
    delivered = deliver(monkeypatch, h264.write(tmp_path / "turns.ts", turns), SOURCE)
    assert_passed_through(delivered)
    assert_all_decode(delivered, len(units))
    (init,) = delivered.inits
    assert len(parse_init(init.data).pps) == 4


def test_a_pps_that_is_new_between_keyframes_is_transcoded_until_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = h264.access_units(CAVLC)
    _, pps = h264.sets_of(units[0][0])
    unit, is_idr = units[3]
    units[3] = h264.annex_b(h264.pps_copy(pps, 1)) + h264.refer_to(unit, 1), is_idr
    delivered = deliver(monkeypatch, h264.write(tmp_path / "late.ts", units), SOURCE)
    assert_all_decode(delivered, len(units))
    assert delivered.details == [""] * 3 + [NEW_SETS] * 3 + [""] * 18


def test_pictures_without_their_sets_are_never_passed_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = h264.access_units(CAVLC, Piece(sps_id=5), CAVLC)
    bare = [
        (h264.without_sets(unit) if 24 <= number < 36 else unit, is_idr)
        for number, (unit, is_idr) in enumerate(units)
    ]
    delivered = deliver(monkeypatch, h264.write(tmp_path / "missing.ts", bare), SOURCE)
    assert numbers(delivered) == [*range(24), *range(36, 60)]
    assert NO_SETS not in delivered.details  # there is no picture of them at all
    assert delivered.details[-12:] == [""] * 12


@pytest.mark.parametrize("kept", [0, 1, 4, 5, 6, 7, 20, 28])
def test_a_truncated_avcc_is_refused_or_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    path = h264.write(tmp_path / "cut.mp4", h264.access_units(Piece()))
    data = bytearray(path.read_bytes())
    start = data.index(b"avcC") - 4
    size = int.from_bytes(data[start : start + 4])
    free = size - 8 - kept
    assert free >= 8
    struct.pack_into(">I", data, start, 8 + kept)
    struct.pack_into(">I4s", data, start + 8 + kept, free, b"free")
    path.write_bytes(data)
    with suppress(SourceFormatError):
        assert_all_decode(deliver(monkeypatch, path, SOURCE), 12)


@pytest.mark.long
@pytest.mark.parametrize("suffix", [".h264", ".ts", ".mp4", ".flv"])
def test_damage_anywhere_costs_pictures_and_not_the_camera(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    path = tmp_path / f"whole{suffix}"
    if suffix == ".flv":
        h264.write_flv(path, *SAME_ID)
    else:
        (h264.write_raw if suffix == ".h264" else h264.write)(path, h264.access_units(*SAME_ID))
    whole, chosen = path.read_bytes(), Random(13)
    for _ in range(12):
        data = bytearray(whole)
        for _ in range(chosen.choice((1, 3, 30))):
            data[chosen.randrange(len(data))] = chosen.randrange(256)
        path.write_bytes(data)
        try:
            delivered = deliver(monkeypatch, path, SOURCE)
        except SourceError:
            continue
        assert "Error" not in delivered.ended
        delivered.media(SOURCE)  # every fragment has its init segment
