"""Prometheus metrics of worker processes and of those that run models; none without workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streamlab.bus.carrier import Carrier
from streamlab.protocol.status import DetectorProcessStatus, WorkerStatus


class Processes(Collector):
    """Reads the processes of a carrier when it is collected."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics, of those processes that there are."""
        if workers := self._carrier.workers():
            yield from _workers(workers)
        if detectors := self._carrier.detector_processes():
            yield from _detectors(detectors)


def _workers(workers: Sequence[WorkerStatus]) -> Iterator[Metric]:
    labels = ["worker"]
    up = GaugeMetricFamily("streamlab_worker_up", "1 while the worker runs", labels=labels)
    cameras = GaugeMetricFamily("streamlab_worker_cameras", "Cameras that it runs", labels=labels)
    cores = GaugeMetricFamily(
        "streamlab_worker_cpu_cores", "CPU cores that it has used lately", labels=labels
    )
    memory = GaugeMetricFamily(
        "streamlab_worker_resident_memory_bytes", "Its resident memory", labels=labels
    )
    restarts = CounterMetricFamily(
        "streamlab_worker_restarts", "How often it has ended and was started anew", labels=labels
    )
    hangs = CounterMetricFamily(
        "streamlab_worker_hangs", "How often it was ended because it hung", labels=labels
    )
    for each in workers:
        is_up, name = each.state == "running", [each.id]
        up.add_metric(name, is_up)
        cameras.add_metric(name, len(each.cameras))
        cores.add_metric(name, each.cpu if is_up else 0)
        memory.add_metric(name, each.rss_bytes if is_up else 0)
        restarts.add_metric(name, each.restarts)
        hangs.add_metric(name, each.hangs)
    yield from (up, cameras, cores, memory, restarts, hangs)


def _detectors(detectors: Sequence[DetectorProcessStatus]) -> Iterator[Metric]:
    labels = ["detector"]
    up = GaugeMetricFamily(
        "streamlab_detector_process_up", "1 while the model's process runs", labels=labels
    )
    clients = GaugeMetricFamily(
        "streamlab_detector_process_clients", "Workers connected to it", labels=labels
    )
    memory = GaugeMetricFamily(
        "streamlab_detector_process_resident_memory_bytes", "Its resident memory", labels=labels
    )
    restarts = CounterMetricFamily(
        "streamlab_detector_process_restarts", "How often it was started anew", labels=labels
    )
    seen: Counter[str] = Counter()
    for each in detectors:
        seen[each.name] += 1
        # A series must be unique: models in files of the same name are numbered.
        name = [each.name if seen[each.name] == 1 else f"{each.name} ({seen[each.name]})"]
        up.add_metric(name, each.pid is not None)
        clients.add_metric(name, each.clients)
        memory.add_metric(name, each.rss_bytes)
        restarts.add_metric(name, each.restarts)
    yield from (up, clients, memory, restarts)
