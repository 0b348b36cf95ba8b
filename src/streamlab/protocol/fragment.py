"""The wire form of a fragment: the parts that can be serialised before its release."""

from __future__ import annotations

import msgspec

from streamlab.core.mp4.fragment import EncodedFrame, Fragment, to_base64

_json = msgspec.json.Encoder()


def serialise(fragment: Fragment) -> None:
    """Set ``members`` and ``payload``, the parts of the event known before the release."""
    fragment.members = members_of(fragment)
    fragment.payload = to_base64(fragment.data)


def members_of(fragment: Fragment) -> bytes:
    """Return the JSON members of a fragment's event, without braces."""
    members = {
        "channel": fragment.key.channel,
        "quality": fragment.key.quality,
        "sequence": fragment.sequence,
        "init_id": fragment.init_id,
        "pts": fragment.pts,
        "duration": fragment.duration,
        "keyframe": fragment.keyframe,
        "captured_at": fragment.frames[0].captured_at,
        "frames": [_frame_members(frame) for frame in fragment.frames],
    }
    return _json.encode(members)[1:-1]


def _frame_members(frame: EncodedFrame) -> dict[str, object]:
    if frame.boxes is None:
        return {"pts": frame.pts}
    return {
        "pts": frame.pts,
        "detections_pts": frame.boxes.detections_pts,
        "detections": frame.boxes.rows,
    }
