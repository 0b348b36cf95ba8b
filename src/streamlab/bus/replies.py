"""What a worker process tells the server: MessagePack, decoded into these types only."""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from streamlab import errors
from streamlab.bus.events import Encoded, decoder
from streamlab.camera.producer_report import ProducerReport
from streamlab.errors import SourceError, StreamlabError

log = logging.getLogger(__name__)
MAX_NAME_CHARS = 100  # of a logger
MAX_TEXT_CHARS = 20_000  # of a record: a traceback is longer than most


class Ready(msgspec.Struct, tag=True, array_like=True):
    """The worker runs. The first message."""


class Alive(msgspec.Struct, tag=True, array_like=True):
    """The worker's event loop runs; sent at least every ``ALIVE_EVERY_S``."""

    cpu_ns: int
    """CPU time that the process has used."""
    rss_bytes: int
    """Memory that it holds."""


class Refusal(msgspec.Struct, array_like=True):
    """A StreamlabError, as values."""

    kind: str
    message: str
    hint: str

    @classmethod
    def of(cls, error: StreamlabError) -> Refusal:
        """Describe an error."""
        return cls(type(error).__name__, error.message, error.hint)

    def error(self) -> StreamlabError:
        """Return the error; a SourceError if there is no such class."""
        kind = getattr(errors, self.kind, None)
        if not (isinstance(kind, type) and issubclass(kind, SourceError | errors.LimitError)):
            kind = SourceError
        return kind(self.message, hint=self.hint)


class Opened(msgspec.Struct, tag=True, array_like=True):
    """A source is open, or why it is not."""

    opening: int
    refusal: Refusal | None


class Stopped(msgspec.Struct, tag=True, array_like=True):
    """The threads of a camera have ended."""

    camera: int


class Events(msgspec.Struct, tag=True, array_like=True):
    """New events of a camera, in order (``bus.events``)."""

    camera: int
    events: Encoded


class Report(msgspec.Struct, tag=True, array_like=True):
    """The status of a camera, and the newest change that it shows."""

    camera: int
    change: int
    report: ProducerReport


class Figures(msgspec.Struct, tag=True, array_like=True):
    """The answer to ``requests.Measure``: the fields of a ``SyncFigures``."""

    camera: int
    question: int
    figures: dict[str, Any]


class Logged(msgspec.Struct, tag=True, array_like=True):
    """A record of the worker's log."""

    level: int
    name: str
    text: str

    def log_as(self, worker: str) -> None:
        """Log it here, by one logger: a worker might name any number of them."""
        name, text = self.name[:MAX_NAME_CHARS], self.text[:MAX_TEXT_CHARS]
        log.log(self.level, "%s: %s: %s", worker, name, text)


Reply = Ready | Alive | Opened | Stopped | Events | Report | Figures | Logged
ALIVE_EVERY_S = 0.5
decode = decoder(Reply).decode
