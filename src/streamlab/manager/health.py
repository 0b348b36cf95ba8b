"""How each channel of a camera is, in the words of the wire protocol's page (*Health*)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from streamlab.clock import monotonic_ns
from streamlab.core.channels import ChannelType
from streamlab.core.connection import Connection
from streamlab.core.events import Health, encode
from streamlab.core.freshness import Freshness
from streamlab.core.stream_events import SwitchDone
from streamlab.detect.render import renderer_name

if TYPE_CHECKING:
    from streamlab.manager.camera import Camera

Report = dict[str, object]


class HealthReporter:
    """Tells the viewers of a camera how the channels are that they are sent, when that changes."""

    def __init__(self, camera: Camera, max_detection_fps: float) -> None:
        self.max_detection_fps = max_detection_fps
        """How many frames a second the detector is given; 0: no limit."""
        self._camera = camera
        self._states: dict[str, tuple[object, ...]] = {}
        self._events: dict[str, bytes] = {}  # since the last check

    def check(self) -> None:
        """Look at all channels; quick enough for every timer."""
        self._events.clear()
        camera, connections = self._camera, self._camera.stream.connections
        for channel in ChannelType if connections else ():
            states = _states(camera, channel)
            if self._states.get(channel, states) != states:
                for connection in connections.values():
                    connection.post_health(channel, self.event(channel))
                camera.audience.wake_all()
            self._states[channel] = states

    def event(self, channel: str) -> bytes:
        """Return the event that tells how a channel is, as of the last check."""
        if channel not in self._events:
            health = Health(channel, channel_health(self._camera, channel))
            self._events[channel] = encode(health)
        return self._events[channel]

    def post(self, connection: Connection, channels: Iterable[str]) -> None:
        """Queue to one viewer how channels are that it gets from now on."""
        for channel in channels:
            connection.post_health(channel, self.event(channel))

    def receive_switch(self, done: SwitchDone) -> None:
        """Tell a viewer of the channels that a switch brought."""
        connection = self._camera.stream.connections.get(done.connection_id)
        if connection is not None:
            before = done.previous_channel.channels
            self.post(connection, [each for each in done.channel.channels if each not in before])


def _states(camera: Camera, channel: str) -> tuple[object, ...]:
    pipeline, controller = camera.pipeline, camera.stream.controller
    if channel == ChannelType.RAW:
        return (bool(pipeline.encoder_error(channel)),)
    return (
        bool(pipeline.encoder_error(channel)),
        pipeline.detector_health.state,
        bool(pipeline.renderer_error),
        controller.meter.state,
        controller.freshness.met,
    )


def channel_health(camera: Camera, channel: str) -> Report:
    """Return a channel as ``GET /cameras`` lists it."""
    pipeline = camera.pipeline
    report: Report = {
        "name": str(channel),
        "kind": str(channel),
        "encoder": _state(pipeline.encoder_error(channel)),
    }
    if channel == ChannelType.RAW:
        return report
    health, detector = pipeline.detector_health, pipeline.service.detector
    return report | {
        "detector": {
            "name": detector.name,
            "kind": detector.kind,
            "state": health.state,
            "detail": health.detail,
        },
        "renderer": {"name": renderer_name(pipeline.renderer), **_state(pipeline.renderer_error)},
        "sync": _sync(camera),
    }


def _state(error: str) -> Report:
    return {"state": "failing" if error else "ok", "detail": error}


def freshness(camera: Camera) -> Freshness:
    """Return whether enough frames show boxes of their own; what is too slow where not."""
    found, limit_fps = camera.stream.controller.freshness, camera.health.max_detection_fps
    if not found.met and camera.pipeline.detector_health.state == "failing":
        return Freshness(False, "The detector is failing.")
    if found.met or not limit_fps or limit_fps >= float(camera.metadata.fps):
        return found
    detail = f"At most {limit_fps:g} frames a second are detected (max_detection_fps)."
    return Freshness(False, detail)


def _sync(camera: Camera) -> Report:
    controller = camera.stream.controller
    now_ns = monotonic_ns()
    status, fresh = controller.meter.status(now_ns), controller.meter.fresh_lately(now_ns)
    met, detail = freshness(camera)
    return {
        "state": status.state,
        "drift_ms": None if status.drift_ms is None else round(status.drift_ms, 3),
        "fresh_fraction": None if fresh is None else round(fresh, 4),
        "freshness": "met" if met else "not_met",
        "freshness_detail": detail,
    }
