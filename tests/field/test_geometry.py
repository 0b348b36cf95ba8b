"""Pictures stored turned, mirrored or with pixels that are not square, in what is delivered.

Recordings and snapshots of the clients are made of the same bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from streamlab.client import Event, Fragment, FrameInfo, Init, Recording
from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel
from streamlab.core.h264.bits import nal_of
from streamlab.core.mp4.display_matrix import Orientation
from streamlab.errors import SourceFormatError
from streamlab.media.encode import encoded_size_px
from streamlab.media.opening import open_source
from streamlab.media.spec import SourceSpec
from streamlab.viewers.decoded_snapshot import decode
from streamlab.viewers.snapshot import EncodedChannel, EncodedSnapshot
from tests.fakes import h264_streams
from tests.fakes.h264_streams import Piece
from tests.fakes.videos import NO_B_FRAMES

from .delivered import BOX, SOURCE, Delivered, annotated, deliver, luma, raw

Rgb = npt.NDArray[np.uint8]
FRAMES = 3
ALL = [make(quality) for make in (raw, annotated) for quality in QualityLevel]
QUALITIES = [key for key in ALL if key == SOURCE or key.quality is not QualityLevel.SOURCE]
STORED: dict[Orientation, Callable[[Rgb], Rgb]] = {
    Orientation.UPRIGHT: lambda shown: shown,
    Orientation.TURNED_RIGHT: lambda shown: np.rot90(shown, 1),
    Orientation.TURNED_OVER: lambda shown: np.rot90(shown, 2),
    Orientation.TURNED_LEFT: lambda shown: np.rot90(shown, -1),
    Orientation.MIRRORED: np.fliplr,
    Orientation.FLIPPED: np.flipud,
    Orientation.TRANSPOSED: lambda shown: shown.transpose(1, 0, 2),
    Orientation.ANTITRANSPOSED: lambda shown: np.rot90(shown, 2).transpose(1, 0, 2),
}
WIDTH, HEIGHT = 320, 240


def scene(width: int = WIDTH, height: int = HEIGHT) -> Rgb:
    """Return a picture whose corners differ, with a disc in the middle."""
    y, x = np.mgrid[0:height, 0:width]
    grey = 60 + 60 * (x / width) + 80 * (y / height)
    grey[height // 8 : height // 3, width // 8 : width // 4] = 10
    disc = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 4) ** 2
    grey[disc] = 240
    return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)


def write(path: Path, stored: Rgb, shape: Fraction | None = None) -> Path:
    height, width, _ = stored.shape
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=100, options=NO_B_FRAMES | {"qp": "12"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if shape is not None:
            stream.codec_context.sample_aspect_ratio = shape
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(stored), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 100)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def put_matrix(path: Path, matrix: tuple[int, ...]) -> Path:
    """Write a display matrix (ISO/IEC 14496-12, 8.3.2.3) into the only track of an MP4."""
    data = bytearray(path.read_bytes())
    struct.pack_into(">9i", data, data.index(b"tkhd") + 44, *matrix)
    path.write_bytes(data)
    return path


def oriented(path: Path, orientation: Orientation) -> Path:
    a, b, c, d = (value << 16 for value in orientation.value)
    write(path, STORED[orientation](scene()))
    return put_matrix(path, (a, b, 0, c, d, 0, 0, 0, 1 << 30))


def assert_shows(frame: av.VideoFrame, key: ChannelKey, shown: Rgb) -> None:
    """The frame shows this picture, in the size of its quality."""
    height, width, _ = shown.shape
    size_px = encoded_size_px(width, height, key.quality)
    assert (frame.width, frame.height) == size_px
    wanted = av.VideoFrame.from_ndarray(shown, format="rgb24")
    expected = luma(wanted.reformat(*size_px, format="yuv420p")).astype(float)
    apart = np.abs(luma(frame) - expected)
    if key.channel == ChannelType.ANNOTATED:  # but for the box and its label
        scale = size_px[0] / width
        apart[: round((BOX[3] + 16) * scale), : round((BOX[2] + 80) * scale)] = 0
    assert np.percentile(apart, 95) <= 8, key


def assert_all_show(delivered: Delivered, shown: Rgb) -> None:
    for key in QUALITIES:
        frames = delivered.frames(key)
        assert len(frames) == FRAMES
        for frame in frames:
            assert_shows(frame, key, shown)


@pytest.mark.parametrize("orientation", Orientation, ids=lambda each: each.name.lower())
def test_every_quality_is_upright(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orientation: Orientation
) -> None:
    path = oriented(tmp_path / "turned.mp4", orientation)
    delivered = deliver(monkeypatch, path, *QUALITIES)
    assert_all_show(delivered, scene())
    is_upright = orientation is Orientation.UPRIGHT
    assert all(("rotated or mirrored" in why) != is_upright for why in delivered.details)


@pytest.mark.parametrize(
    "suffix",
    [
        ".mp4",
        pytest.param(".ts", marks=pytest.mark.long),
        pytest.param(".mkv", marks=pytest.mark.long),
    ],
)
def test_every_quality_has_the_shape_of_the_scene(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    shown = scene(854, 480)
    squeezed = av.VideoFrame.from_ndarray(shown, format="rgb24").reformat(704, 480)
    stored = squeezed.to_ndarray().astype(np.uint8, copy=False)
    path = write(tmp_path / f"anamorphic{suffix}", stored, Fraction(40, 33))
    delivered = deliver(monkeypatch, path, *QUALITIES)
    assert_all_show(delivered, shown)
    assert all("not square" in why for why in delivered.details)


@pytest.mark.parametrize("key", [raw(QualityLevel.HIGH), SOURCE], ids=["high", "source"])
def test_recordings_and_snapshots_are_upright(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: ChannelKey
) -> None:
    path = oriented(tmp_path / "turned.mp4", Orientation.TURNED_LEFT)
    other = annotated(QualityLevel.HIGH)
    delivered = deliver(monkeypatch, path, key, other)
    recorded = record(tmp_path / "clip.mp4", delivered, key)
    with av.open(str(recorded)) as container:
        frames = list(container.decode(container.streams.video[0]))
    assert len(frames) == FRAMES
    for frame in frames:
        assert_shows(frame, key, scene())
    fragments = {
        each.channel: [part for run in delivered.of(each) for part in run] for each in (key, other)
    }
    inits = {init.init_id: init.data for init in delivered.inits}
    channels = {
        name: EncodedChannel(inits[parts[0].init_id], tuple(parts))
        for name, parts in fragments.items()
    }
    snapshot = decode(EncodedSnapshot(fragments[key.channel][-1].pts, channels))
    assert np.percentile(np.abs(snapshot.raw.astype(float) - scene()), 95) <= 8
    assert snapshot.annotated.shape == scene().shape


def record(path: Path, delivered: Delivered, key: ChannelKey) -> Path:
    """Record a quality as the Python client and `watch --record` do."""
    recording = Recording({key.channel: path})
    for event in client_events(delivered, key):
        recording.receive(event)
    recording.close()
    return path


def client_events(delivered: Delivered, key: ChannelKey) -> list[Event]:
    inits: list[Event] = [
        Init(
            channel=key.channel,
            quality=key.quality,
            init_id=init.init_id,
            codec=init.codec,
            width=init.width,
            height=init.height,
            fps=init.fps,
            data=init.data,
        )
        for init in delivered.inits
        if init.key == key
    ]
    return inits + [
        Fragment(
            channel=key.channel,
            quality=key.quality,
            sequence=part.sequence,
            init_id=part.init_id,
            pts=part.pts,
            duration=part.duration,
            keyframe=part.keyframe,
            cached=False,
            captured_at=0.0,
            released_at=0.0,
            frames=tuple(FrameInfo(pts=frame.pts) for frame in part.frames),
            data=part.data,
        )
        for run in delivered.of(key)
        for part in run
    ]


QUARTER_TURN = 1 << 14  # anticlockwise_rotation counts 360 / 2^16 degrees (D.2.27)


def turned_by_sei(unit: bytes) -> bytes:
    """Add the SEI of a phone that is held on its side (H.264, D.1.27)."""
    payload = f"000{QUARTER_TURN:016b}" + "1" + "0"  # for this picture alone
    padded = (payload + "1").ljust(24, "0")
    bits = f"{47:08b}{3:08b}{padded}"
    nals = h264_streams.nals(unit)
    at = next(index for index, nal in enumerate(nals) if nal[0] & 31 in (1, 5))
    return h264_streams.annex_b(*nals[:at], nal_of(6, bits), *nals[at:])


def test_a_camera_that_is_turned_in_mid_stream_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = h264_streams.access_units(replace(Piece(), frames=18))
    turned = [
        (turned_by_sei(unit) if 6 <= number < 12 else unit, is_idr)
        for number, (unit, is_idr) in enumerate(units)
    ]
    path = h264_streams.write(tmp_path / "turned.ts", turned)
    delivered = deliver(monkeypatch, path, *QUALITIES)
    for key in QUALITIES:
        frames = delivered.frames(key)
        sides = [frame.width > frame.height for frame in frames]
        assert sides == [True] * 6 + [False] * 6 + [True] * 6
    assert ["rotated" in why for why in delivered.details] == [False] * 6 + [True] * 6 + [False] * 6


def test_a_shape_that_changes_in_mid_stream_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = (Piece(), Piece(x264="sar=40/33"), Piece())
    path = h264_streams.write(tmp_path / "shape.ts", h264_streams.access_units(*pieces))
    delivered = deliver(monkeypatch, path, *QUALITIES)
    for key in (raw(QualityLevel.HIGH), SOURCE):
        widths = [frame.width for frame in delivered.frames(key)]
        assert widths == [320] * 12 + [388] * 12 + [320] * 12, key


@pytest.mark.parametrize(
    "matrix",
    [
        (1 << 16, 1 << 15, 0, -(1 << 15), 1 << 16, 0, 0, 0, 1 << 30),
        (1, 0, 0, 1, 0, 0, 0, 0, 1 << 30),
        (-(1 << 31),) * 9,
        ((1 << 31) - 1,) * 9,
    ],
    ids=["odd angle", "flat", "lowest", "highest"],
)
def test_a_matrix_that_makes_no_sense_is_refused_by_name_or_ignored(
    tmp_path: Path, matrix: tuple[int, ...]
) -> None:
    path = put_matrix(write(tmp_path / "odd.mp4", scene()), matrix)
    try:
        source = open_source(SourceSpec.parse(str(path)))
    except SourceFormatError:
        return
    source.close()
