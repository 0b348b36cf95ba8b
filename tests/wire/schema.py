"""The protocol page's table of events, as a table: every field with the types it may have."""

from __future__ import annotations

from typing import Any

from .sse import Event

QUALITIES = {"low", "medium", "high", "source"}
CHANNELS = {"raw", "annotated"}

NUMBER = (int, float)
ID = (str, int)

FIELDS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "connected": {
        "protocol": int,
        "connection_id": str,
        "stream_id": str,
        "camera_id": str,
        "channels": list,
        "sync_tolerance_ms": NUMBER,
        "playout_delay_ms": NUMBER,
        "detector": dict,
        "server_time": float,
    },
    "init": {
        "channel": str,
        "quality": str,
        "init_id": ID,
        "codec": str,
        "width": int,
        "height": int,
        "fps": NUMBER,
        "data": str,
    },
    "fragment": {
        "channel": str,
        "quality": str,
        "sequence": int,
        "init_id": ID,
        "pts": int,
        "duration": int,
        "keyframe": bool,
        "cached": bool,
        "captured_at": float,
        "released_at": float,
        "frames": list,
    },
    "detections": {"pts": int, "detections_pts": (int, type(None)), "detections": list},
    "sync": {
        "drift_ms": NUMBER,
        "is_synchronized": bool,
        "sync_violations": int,
        "state": str,
        "correction": str,
        "fresh_fraction": NUMBER,
        "playout_delay_ms": NUMBER,
        "sync_tolerance_ms": NUMBER,
    },
    "switched": {
        "channel": str,
        "quality": str,
        "previous_channel": str,
        "at_pts": int,
        "reason": str,
    },
    "gap": {
        "channel": str,
        "from_sequence": (int, type(None)),
        "to_sequence": (int, type(None)),
        "reason": str,
    },
    "source": {"state": str, "detail": (str, type(None))},
    "health": {"channel": str, "encoder": dict},
    "heartbeat": {"server_time": float},
    "end": {"reason": str},
}

VALUES: dict[tuple[str, str], set[str]] = {
    ("init", "channel"): CHANNELS,
    ("init", "quality"): QUALITIES,
    ("fragment", "channel"): CHANNELS,
    ("fragment", "quality"): QUALITIES,
    ("sync", "state"): {"synchronized", "correcting", "degraded"},
    ("sync", "correction"): {"none", "hold", "stale", "release", "re-anchor"},
    ("switched", "channel"): CHANNELS | {"both"},
    ("switched", "previous_channel"): CHANNELS | {"both"},
    ("switched", "reason"): {"client", "degraded", "quality"},
    ("gap", "channel"): CHANNELS,
    ("gap", "reason"): {"slow_client", "source", "resume_expired"},
    ("source", "state"): {"live", "stalled", "reconnecting", "ended"},
    ("end", "reason"): {"camera_removed", "source_ended", "server_shutdown", "slow_client"},
}


def is_type(value: object, allowed: type | tuple[type, ...]) -> bool:
    """`isinstance`, but a bool is a number only where bool is asked for."""
    return isinstance(value, allowed) and not (isinstance(value, bool) and allowed is not bool)


def problems(event: Event) -> list[str]:
    """Return what is wrong with the fields of an event; nothing when it is as the page says."""
    if event.name not in FIELDS:
        return [f"the page knows no event {event.name!r}"]
    found = []
    for field, allowed in FIELDS[event.name].items():
        if field not in event.data:
            found.append(f"{event.name}: no field {field!r}")
        elif not is_type(event.data[field], allowed):
            found.append(f"{event.name}.{field} is {event.data[field]!r}, not of {allowed}")
        values = VALUES.get((event.name, field))
        if values and event.data.get(field) not in values:
            found.append(f"{event.name}.{field} is {event.data.get(field)!r}, not in {values}")
    if event.name == "fragment":
        found += _fragment_problems(event.data)
    if event.name == "health":
        found += health_problems(event.data)
    return found + [
        problem for row in event.data.get("detections", ()) for problem in row_problems(row)
    ]


STATES = {"ok", "slow", "failing", "none"}
HEALTH: dict[str, dict[str, type | tuple[type, ...]]] = {
    "encoder": {"state": str, "detail": str},
    "detector": {"name": str, "kind": str, "state": str, "detail": str},
    "renderer": {"name": str, "state": str, "detail": str},
    "sync": {
        "state": str,
        "drift_ms": (int, float, type(None)),
        "fresh_fraction": (int, float, type(None)),
        "freshness": str,
        "freshness_detail": str,
    },
}


def health_problems(channel: dict[str, Any]) -> list[str]:
    """Check how a channel is: in a `health` event, and in `channels` of `GET /cameras`."""
    annotated = channel.get("channel", channel.get("name")) != "raw"
    found = []
    for part, fields in HEALTH.items():
        report = channel.get(part)
        if part != "encoder" and not annotated:
            found += [f"raw has a {part}"] * (report is not None)
        elif not isinstance(report, dict) or not all(
            is_type(report.get(field, ...), allowed) for field, allowed in fields.items()
        ):
            found.append(f"health.{part} is {report!r}")
        elif part == "sync":
            right = report["freshness"] in {"met", "not_met"}
            right &= (report["freshness"] == "met") == (report["freshness_detail"] == "")
            found += [] if right else [f"health.sync is {report!r}"]
        elif report["state"] not in STATES:
            found.append(f"health.{part}.state is {report['state']!r}")
    return found


def _fragment_problems(data: dict[str, Any]) -> list[str]:
    found = []
    if ("data" in data) == ("url" in data):
        found.append("fragment: not exactly one of data and url")
    for frame in data["frames"]:
        if not isinstance(frame, dict) or not is_type(frame.get("pts"), int):
            found.append(f"fragment.frames: {frame!r} has no pts")
        elif data["channel"] == "annotated":
            if not is_type(frame.get("detections_pts", ""), (int, type(None))):
                found.append(f"fragment.frames: {frame!r} has no detections_pts")
            rows = frame.get("detections", [None])
            found += [problem for row in rows for problem in row_problems(row)]
    return found


def row_problems(row: object) -> list[str]:
    """Check one detection: `[x1, y1, x2, y2, class_name, score, track_id]`."""
    if not isinstance(row, list) or len(row) != 7:
        return [f"a detection is {row!r}, not a list of 7"]
    *corners, class_name, score, track_id = row
    is_right = (
        all(is_type(corner, NUMBER) for corner in corners)
        and isinstance(class_name, str)
        and is_type(score, NUMBER)
        and is_type(track_id, (int, type(None)))
    )
    return [] if is_right else [f"a detection is {row!r}, of wrong types"]
