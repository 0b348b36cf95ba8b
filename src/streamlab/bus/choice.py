"""Chooses the carrier that the settings ask for."""

from __future__ import annotations

from streamlab.bus.carrier import Carrier
from streamlab.bus.in_process import InProcess
from streamlab.bus.worker_processes import WorkerProcesses
from streamlab.cores import usable_cores
from streamlab.settings import Settings


def carrier_of(settings: Settings) -> Carrier:
    """Return a new carrier, in the running event loop, which owns it."""
    count = usable_cores() if settings.workers == "auto" else settings.workers
    return WorkerProcesses(count, settings) if count else InProcess()
