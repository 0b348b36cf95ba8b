"""Fragments and streams for the core's tests: no encoder, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel, View
from streamlab.core.h264.parameter_sets import ParameterSets
from streamlab.core.mp4.fragment import Boxes, EncodedFrame, Fragment, InitSegment
from streamlab.core.stream.dual_channel import DualChannelStream
from streamlab.core.sync.controller import SyncController
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.sync.rule import Policy
from streamlab.protocol.fragment import serialise

MS_NS = 1_000_000
FRAME = 3000
RAW = ChannelKey(ChannelType.RAW, QualityLevel.MEDIUM)
ANNOTATED = ChannelKey(ChannelType.ANNOTATED, QualityLevel.MEDIUM)
VIEWS = (View.RAW, View.ANNOTATED, View.BOTH)
SETS = ParameterSets(bytes.fromhex("6742c01eda0280bfe5840000030004"), (bytes.fromhex("68ce3c80"),))


@cache
def init_of(key: ChannelKey) -> InitSegment:
    return InitSegment.of(key, SETS, 640, 360, 30.0)


def fragment(
    key: ChannelKey, number: int, *, gop: int = 30, fresh: bool = True, sequence: int | None = None
) -> Fragment:
    """The fragment of one frame; frame 0 and every ``gop``-th after it are keyframes."""
    pts = number * FRAME
    boxes = None
    if key.channel != ChannelType.RAW:
        boxes = Boxes(pts if fresh else max(0, pts - FRAME), [])
    frame = EncodedFrame(pts, FRAME, number % gop == 0, 5, 0, 1000.0, 0, boxes)
    made = Fragment(
        key, number + 1 if sequence is None else sequence, init_of(key).init_id, (frame,), b"mdat"
    )
    serialise(made)
    return made


def controller(
    policy: Policy = SyncPolicy.NONE,
    annotated: Iterable[str] = (ChannelType.ANNOTATED,),
    **changes: float,
) -> SyncController:
    return SyncController(
        annotated=annotated,
        policy=policy,
        max_playout_delay_ms=changes.get("max_playout_delay_ms", 250.0),
        tolerance_ms=changes.get("tolerance_ms", 50.0),
        check_interval_ns=1000 * MS_NS,
        max_violations=int(changes.get("max_violations", 3)),
        now_ns=0,
    )


def stream() -> DualChannelStream:
    made = DualChannelStream("cam-1", max_fragments=1000, linger_ns=5000 * MS_NS)
    for key in (RAW, ANNOTATED):
        made.receive_init(init_of(key))
    return made
