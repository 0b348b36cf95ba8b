"""A user's renderer runs in threads of its own, even if it is set while a frame is worked on."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from streamlab.core.channels import ANNOTATED
from streamlab.detect.draw import BoxRenderer
from streamlab.detect.render import RgbRenderer

from .secret_source import ActingDetector, found, secret_camera

FRAMES = 25
ROUNDS = 20


def test_it_never_draws_in_threads_that_others_need() -> None:
    threads: set[str] = set()

    def draw(rgb: NDArray[np.uint8], _: sv.Detections) -> NDArray[np.uint8]:
        threads.add(threading.current_thread().name)
        return rgb

    with secret_camera(ActingDetector(found), BoxRenderer()) as (pipeline, sent):
        sent.wait_for(FRAMES)
        stage: Any = pipeline.annotators[ANNOTATED]
        handle = stage.handle

        def handle_and_change(item: Any) -> None:
            handle(item)
            if stage.has_work():  # which is drawn next, by this thread
                pipeline.request_renderer(ANNOTATED, RgbRenderer(draw))

        stage.handle = handle_and_change
        for _ in range(ROUNDS):
            sent.wait_for(2)
            pipeline.request_renderer(ANNOTATED, BoxRenderer())
    assert threads
    assert all(name.startswith("draw-") for name in threads), threads
