"""Turns errors that no source should raise into SourceError.

Only the threads that run sources use this, around everything a source does: while it is opened
(``media.opening``), read by a camera (``camera.reader``) or probed (``media.probe``).
"""

from __future__ import annotations

import logging
import traceback

from streamlab.errors import SourceError, SourceFormatError, StreamlabError
from streamlab.media.spec import SourceKind, SourceSpec

log = logging.getLogger(__name__)
MAX_REASON_CHARS = 200


def deliberate(error: BaseException, spec: SourceSpec) -> StreamlabError:
    """Return the error itself if it is deliberate, else a logged SourceError in its place."""
    if isinstance(error, StreamlabError):
        return error
    log_unexpected(error, spec)
    return unexpected(error, spec)


def unexpected(error: BaseException, spec: SourceSpec) -> SourceError:
    """Return a SourceError with the error's class and text, without credentials.

    It is a SourceFormatError for a file that is played once, which is not tried again.
    """
    is_read_once = spec.kind is SourceKind.FILE and not spec.loop
    kind = SourceFormatError if is_read_once else SourceError
    name, text = type(error).__name__, spec.scrub(str(error))[:MAX_REASON_CHARS]
    return kind(
        f"{spec.display} failed unexpectedly: {name}{text and ': '}{text}",
        hint="The log has the details; please report them.",
    )


def log_unexpected(error: BaseException, spec: SourceSpec) -> None:
    """Log an error of a source with its traceback, without credentials."""
    lines = "".join(traceback.format_exception(error))
    log.error("%s failed unexpectedly\n%s", spec.display, spec.scrub(lines))
