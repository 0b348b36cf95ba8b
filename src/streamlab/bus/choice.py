"""Chooses the carrier that the settings, or a command line, ask for."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from streamlab.bus.carrier import Carrier
from streamlab.bus.in_process import InProcess
from streamlab.bus.worker_processes import WorkerProcesses
from streamlab.cores import usable_cores
from streamlab.errors import InvalidRequestError
from streamlab.settings import Settings, Workers


def carrier_of(settings: Settings, default: Workers) -> Carrier:
    """Return a new carrier, for one event loop; ``default`` is for settings without ``workers``."""
    wanted = default if settings.workers is None else settings.workers
    count = usable_cores() if wanted == "auto" else wanted
    return WorkerProcesses(count, settings) if count else InProcess()


def with_workers(settings: Settings, workers: str | None) -> Settings:
    """Return the settings with this number of workers. Raises InvalidRequestError."""
    if workers is None:
        return settings
    try:
        chosen = TypeAdapter(Workers).validate_python(workers)
    except ValidationError:
        raise InvalidRequestError(
            f"--workers {workers} is neither a number nor auto", hint="Write auto, or 0 to 256."
        ) from None
    return settings.model_copy(update={"workers": chosen})
