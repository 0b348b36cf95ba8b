"""Cameras in a process of their own, each with a viewer, of which chosen channels are encoded.

    python -m benchmarks.memory.host SOURCE MODE

A number on standard input is answered, when there are so many cameras, by the same number. It is
the server without HTTP: manager, pipelines, streams, and viewers that take every event. The server
keeps both channels of a camera encoded while anybody watches it, so that a switch is at once; here
it is told otherwise where a mode asks for one channel alone.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Sequence

from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel
from streamlab.core.sync.policy import SyncPolicy
from streamlab.detect.load import load_detector
from streamlab.media.spec import SourceSpec
from streamlab.settings import Settings
from streamlab.viewers import Camera, ChannelSubscriptionManager, StreamChannelManager

RAW, ANNOTATED = ChannelType.RAW, ChannelType.ANNOTATED
MEDIUM, SOURCE = QualityLevel.MEDIUM, QualityLevel.SOURCE
MODES: dict[str, dict[str, QualityLevel]] = {
    "raw only": {RAW: MEDIUM},
    "annotated only": {ANNOTATED: MEDIUM},
    "dual": {RAW: MEDIUM, ANNOTATED: MEDIUM},
    "dual, raw as source": {RAW: SOURCE, ANNOTATED: MEDIUM},
    "overlay": {RAW: MEDIUM},
}
"""What is encoded, and sent; `overlay` also sends the boxes of each frame."""


class Host:
    """Cameras that play one file."""

    def __init__(self, source: str, mode: str) -> None:
        self._spec, self._mode = SourceSpec.parse(source), mode
        settings = Settings(max_cameras=1000)
        self._manager = StreamChannelManager(settings, load_detector("street", threads=1))
        self._subscriptions = ChannelSubscriptionManager(self._manager)
        self._reading: set[asyncio.Task[None]] = set()

    async def grow(self, cameras: int) -> None:
        """Have so many."""
        while len(self._manager.cameras) < cameras:
            name = f"c{len(self._manager.cameras)}"
            self._watch(await self._manager.add_camera(name, self._spec))
        gc.collect()
        gc.freeze()  # as the server does once its cameras are open

    def _watch(self, camera: Camera) -> None:
        qualities = MODES[self._mode]
        asked = {str(channel): str(quality) for channel, quality in qualities.items()}
        viewer = self._subscriptions.open(camera, asked, asked)
        if self._mode == "overlay":
            camera.subscribe_detections(viewer, wanted=True)
        if len(qualities) == 1:
            camera.change(policy=SyncPolicy.NONE)  # there is nothing to keep in step with
        encoders = frozenset(ChannelKey(*each) for each in qualities.items())
        camera._running.producer.request_encoders(encoders)
        reader = self._subscriptions.read([(camera, viewer)])

        async def read() -> None:
            async for _ in reader.batches():
                pass

        self._reading.add(asyncio.create_task(read()))


async def serve(host: Host) -> None:
    while line := await asyncio.to_thread(sys.stdin.readline):
        await host.grow(int(line))
        print(line, end="", flush=True)


def main(arguments: Sequence[str]) -> None:
    async def run() -> None:
        await serve(Host(*arguments))

    asyncio.run(run())


if __name__ == "__main__":
    main(sys.argv[1:])
