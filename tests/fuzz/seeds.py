"""Well-formed inputs that fuzzing starts from."""

from __future__ import annotations

import atexit
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from streamlab.core.h264.parameter_sets import ParameterSets
from streamlab.core.mp4.box import Sample, avcc, init_segment, media_segment

SPS = bytes.fromhex("6742c01eda0280bfe584000003000400000300f23c58ba80")
PPS = bytes.fromhex("68ce3c80")
SETS = ParameterSets(SPS, (PPS,))
EXTRADATA = avcc(SETS)
SLICE = bytes.fromhex("65888410")
H264 = b"".join(b"\0\0\0\1" + nal for nal in (SPS, PPS, SLICE))
INIT = init_segment(SETS, 640, 360)
MEDIA = media_segment(
    7, 90_000, [Sample(len(SLICE).to_bytes(4, "big") + SLICE, 3000, keyframe=True)] * 2
)
_FRAME = b'{"pts": 9, "detections_pts": 0, "detections": [[1, 2, 3, 4, "car", 0.9, null]]}'
EVENTS_READ = (  # the first byte is the number of the kind
    b'\0{"protocol": 1, "connection_id": "c", "stream_id": "s", "camera_id": "a", "channels": '
    b'["raw"], "sync_tolerance_ms": 50, "playout_delay_ms": 0, "detector": null, "server_time": 1}',
    b'\2{"channel": "raw", "quality": "medium", "sequence": 4, "init_id": "i", "pts": 9, '
    b'"duration": 3, "keyframe": true, "cached": false, "captured_at": 1, "released_at": 2, '
    b'"data": "AAAA", "frames": [' + _FRAME + b"]}",
    b"\3" + _FRAME,
    b'\4{"drift_ms": -6.0, "is_synchronized": false, "sync_violations": 3, "state": "degraded", '
    b'"correction": "hold", "fresh_fraction": 0.25, "playout_delay_ms": 40, '
    b'"sync_tolerance_ms": 50}',
    b"\2[[[[",
    b'\4{"drift_ms": 1e999}',
)
_EVENT = b'event: init\nid: 1\ndata: {"channel": "raw",\ndata: "init_id": "1"}\n\n'
EVENTS_SENT = (  # in pieces: each byte before one is its length - 1
    bytes([len(_EVENT) - 1]) + _EVENT,
    bytes([9]) + _EVENT[:10] + bytes([len(_EVENT) - 11]) + _EVENT[10:],
    b"\x0f: comment\r\n\r\n" + b"\x1fdata\rretry: 10\r\r",
)


@cache
def allowed_folder() -> Path:
    """Return a folder with a file, and with a link to a file outside of it."""
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    outside = Path(folder.name).resolve()
    allowed = outside / "allowed"
    allowed.mkdir()
    for path in (allowed / "in.ts", outside / "secret.ts"):
        path.write_bytes(b"G")
    (allowed / "link.ts").symlink_to(outside / "secret.ts")
    return allowed
