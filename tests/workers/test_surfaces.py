"""What metrics, the API and the dashboard show of worker and detector processes."""

from __future__ import annotations

import asyncio
import os
import signal

from prometheus_client.parser import text_string_to_metric_families

from streamlab.bus.in_process import InProcess
from streamlab.core.channels import SourceState
from streamlab.dashboard.cameras import Cameras
from streamlab.detect.load import load_detector
from streamlab.media.spec import SourcePolicy
from streamlab.server.metrics import render
from streamlab.server.watchdog import LoopWatchdog
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager
from streamlab.viewers.reports import process_report

from .test_worker_processes import STREET, watching
from .watched import SETTINGS, in_a_loop, workers

WORKER, MODEL = "streamlab_worker_", "streamlab_detector_process_"


def metrics(manager: StreamChannelManager) -> dict[tuple[str, ...], float]:
    """Return the value of each sample of processes, by its name and labels."""
    families = text_string_to_metric_families(render(manager, LoopWatchdog()))
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
        if sample.name.startswith((WORKER, MODEL))
    }


def _kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


@in_a_loop
async def test_processes_have_metrics() -> None:
    async with workers(2) as (manager, carrier):
        camera = await manager.add_camera("street", STREET, detector=load_detector("street"))
        async with watching(camera) as delivered:
            while not metrics(manager).get((f"{MODEL}up", "street.onnx")):
                await anext(delivered)
            found = metrics(manager)
            assert found[f"{WORKER}up", "worker-1"] == 1
            assert found[f"{WORKER}cameras", "worker-1"] == 1
            assert (f"{WORKER}cameras", "worker-2") not in found  # not needed so far
            assert found[f"{WORKER}resident_memory_bytes", "worker-1"] > 1e6
            assert found[f"{MODEL}clients", "street.onnx"] == 1
            assert found[f"{MODEL}resident_memory_bytes", "street.onnx"] > 1e6
            (process,) = carrier.detectors.processes
            _kill(process.pid)
            while not metrics(manager).get((f"{MODEL}restarts_total", "street.onnx")):
                await anext(delivered)
            _kill(carrier.processes[0].pid)
            restarted = ((f"{WORKER}restarts_total", "worker-1"), (f"{WORKER}up", "worker-1"))
            while not all(metrics(manager).get(each) == 1 for each in restarted):
                await anext(delivered)
            assert metrics(manager)[f"{WORKER}hangs_total", "worker-1"] == 0


@in_a_loop
async def test_without_workers_there_are_no_metrics_of_processes() -> None:
    manager = StreamChannelManager(SETTINGS, carrier=InProcess())
    assert not metrics(manager)
    await manager.close()


@in_a_loop
async def test_the_dashboard_goes_on_while_a_worker_is_lost() -> None:
    async with workers() as (manager, carrier):
        camera = await manager.add_camera("street", STREET)
        loop = asyncio.get_running_loop()
        policy = SourcePolicy(frozenset())
        cameras = Cameras(manager, ChannelSubscriptionManager(manager), loop, policy)
        async with watching(camera) as delivered:
            await anext(delivered)
            _kill(carrier.processes[0].pid)
            while camera.state is SourceState.LIVE:
                await asyncio.sleep(0)
            (row,) = await cameras.health()
            assert (row.state, row.drift_p95_ms) == ("reconnecting", None)
            while carrier.processes[0].run < 2:
                await anext(delivered)
        shown = await cameras.processes()
        assert [each.restarts for each in shown.workers] == [1]
        assert "worker-1 has ended: it was ended by SIGKILL." in [
            each.detail for each in shown.events
        ]
        report = process_report(manager)["workers"]
        assert isinstance(report, list)
        assert report[0]["hangs"] == 0
