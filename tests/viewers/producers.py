"""The producer of a camera that runs in the process of the tests."""

from __future__ import annotations

from streamlab.camera.producer import CameraProducer
from streamlab.viewers.camera import Camera


def producer_of(camera: Camera) -> CameraProducer:
    """Return the producer of a camera."""
    producer = camera._running.producer
    assert isinstance(producer, CameraProducer)
    return producer
