"""The errors that streamlab raises deliberately, by cause, each with a hint at what would work.

Each specific class also derives from the matching builtin, so ``except FileNotFoundError`` works.
``hint`` is a sentence for the person who sees the error; the command line prints it, and the
server sends it in its problem document. Credentials are removed from messages.
"""

from __future__ import annotations

from collections.abc import Sequence

from streamlab.credentials import scrub


class StreamlabError(Exception):
    """Base class of all errors that streamlab raises deliberately."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = scrub(message)
        super().__init__(self.message)
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class ConfigurationError(StreamlabError, ValueError):
    """A configuration, or the cameras given on a command line, has ``mistakes``."""

    def __init__(self, mistakes: Sequence[str], *, hint: str = "") -> None:
        super().__init__("\n".join(mistakes), hint=hint)
        self.mistakes = [scrub(mistake) for mistake in mistakes]


class SourceError(StreamlabError):
    """A source cannot be used: the caller named something that is not a usable camera."""


class SourceNotFoundError(SourceError, FileNotFoundError):
    """The file or device that a source names does not exist."""


class SourceUnreachableError(SourceError, ConnectionError):
    """The host that a source names does not answer, or stopped answering."""


class SourceFormatError(SourceError, ValueError):
    """The source was opened, but contains no picture that can be decoded."""


class SourceNotAllowedError(SourceError, PermissionError):
    """The source lies outside the schemes and folders that this server may open."""


class ModelError(StreamlabError):
    """A detector cannot be used."""


class ModelNotFoundError(ModelError, FileNotFoundError):
    """The model file does not exist."""


class ModelFormatError(ModelError, ValueError):
    """The model file is corrupt, or it is a model of another task."""


class TraceError(StreamlabError):
    """A trace cannot be used."""


class TraceNotFoundError(TraceError, FileNotFoundError):
    """The trace file does not exist."""


class TraceFormatError(TraceError, ValueError):
    """The file is not a trace, or the trace lacks required columns."""


class TraceWriteError(TraceError, OSError):
    """The trace file cannot be written, for example because the disk is full."""


class UnknownCameraError(StreamlabError, LookupError):
    """No camera has this id."""


class UnknownConnectionError(StreamlabError, LookupError):
    """No connection has this id."""


class UnknownStreamError(StreamlabError, LookupError):
    """No stream has this id."""


class NoTruthError(StreamlabError, LookupError):
    """The camera has no ground truth, because it is not synthetic."""


class CameraExistsError(StreamlabError, ValueError):
    """A camera with this id already exists."""


class SwitchTimeoutError(StreamlabError, TimeoutError):
    """The new channel had no keyframe within ``channel_switch_timeout``; the old one continues."""


class InvalidRequestError(StreamlabError, ValueError):
    """A value in a request is invalid or out of range."""


class DisabledError(StreamlabError, RuntimeError):
    """A feature is disabled by a setting, or a package that it needs is not installed."""


class FaultsNotAllowedError(StreamlabError, PermissionError):
    """Fault injection over HTTP is disabled."""


class RedactedError(StreamlabError, PermissionError):
    """The viewer may see redacted channels of this camera only."""


class NotAllowedError(StreamlabError, PermissionError):
    """The viewer may not see this channel, or not change this camera."""


class LimitError(StreamlabError, RuntimeError):
    """A limit of the server has been reached."""


class ServerFullError(LimitError):
    """All connections that the server allows are in use."""


class ShuttingDownError(StreamlabError, RuntimeError):
    """The process is ending, so no camera can be added."""


class StateError(StreamlabError, OSError):
    """The server's stored state cannot be written, for example because the disk is full."""


class ConnectionInUseError(StreamlabError, ValueError):
    """The connection is already being read."""


class NoLongerHeldError(StreamlabError, LookupError):
    """The requested bytes are no longer available, or never were."""
