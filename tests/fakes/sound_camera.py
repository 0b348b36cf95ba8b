"""What a camera sends whose pictures stop while its sound goes on: MPEG-TS, in real time."""

from __future__ import annotations

import threading
import time
from fractions import Fraction
from io import BufferedIOBase

import av

from .videos import SAMPLE_RATE, SAMPLES, Recipe, add_stream, encode, tone

RATE = 10


def send(file: BufferedIOBase, pictures: int, closing: threading.Event) -> None:
    """Write `pictures` pictures, and sound until the camera closes or the reader has gone."""
    recipe = Recipe(rate=Fraction(RATE), frames=pictures, gop=RATE)
    started_s = time.monotonic()
    with av.open(file, "w", format="mpegts", options={"flush_packets": "1"}) as container:
        video = encode(add_stream(container, recipe), recipe)
        sound = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
        number = start = 0
        while not closing.wait(max(0.0, started_s + number / RATE - time.monotonic())):
            number += 1
            if (packet := next(video, None)) is not None:
                container.mux(packet)
            while start < number * SAMPLE_RATE // RATE:
                container.mux(sound.encode(tone(start)))
                start += SAMPLES
