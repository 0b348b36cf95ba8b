"""Refuses several processes that each run the whole app.

Each would open every camera, and viewers would be spread over them: an id of a connection would be
known to one and unknown to the others.
"""

from __future__ import annotations

from multiprocessing import current_process

import uvicorn

from streamlab.errors import ConfigurationError

REASON = (
    "streamlab cannot be served by several uvicorn workers: each would open every camera, and a "
    "viewer's requests would reach a worker that does not know its connection"
)
HINT = "Use one worker: --workers 1, and no WEB_CONCURRENCY."


def refuse_workers() -> None:
    """Raise ConfigurationError if this process is one of several uvicorn workers."""
    # uvicorn gives a worker its configuration as an argument, and tells the app nothing.
    arguments = getattr(current_process(), "_kwargs", {})
    config = arguments.get("config")
    if isinstance(config, uvicorn.Config) and config.workers > 1:
        raise ConfigurationError([f"{REASON}. {HINT}"], hint=HINT)
