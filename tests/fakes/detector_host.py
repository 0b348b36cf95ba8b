"""A server in small: runs the detector ``faulty``, which hangs; prints the detector's process id.

    python -m tests.fakes.detector_host FOLDER ORDER

``FOLDER`` has the entry points; ``ORDER`` is one of ``detector_orders``.
"""

from __future__ import annotations

import asyncio
import sys

from streamlab.detect.remote.client import RemoteDetector
from streamlab.detect.remote.process import DetectorProcess
from tests.detect.remote.running import order_picture


async def main() -> None:
    sys.path.insert(0, sys.argv[1])
    process = await DetectorProcess.start("faulty")
    client = RemoteDetector(await process.connect(), process.name, process.kind)
    waiting = asyncio.create_task(
        asyncio.to_thread(client.detect, [order_picture(int(sys.argv[2]))])
    )
    while client._link is None or not client._link._is_waiting:
        await asyncio.sleep(0.01)
    print(process.pid, flush=True)
    await waiting


if __name__ == "__main__":
    asyncio.run(main())
