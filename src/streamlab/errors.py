"""Every error streamlab raises on purpose: whose fault it was, and what would have worked.

Each class is also the natural builtin, so ``except FileNotFoundError`` keeps its meaning.
``hint`` is a sentence for the person who sees the error; the command line prints it and
the server sends it in its problem document. Addresses in a message lose their credentials.
"""

from __future__ import annotations

from collections.abc import Sequence

from streamlab.credentials import scrub


class StreamlabError(Exception):
    """Base of all errors that streamlab raises on purpose."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = scrub(message)
        super().__init__(self.message)
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class ConfigurationError(StreamlabError, ValueError):
    """A configuration, or the cameras of a command line, has ``mistakes``."""

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
    """The source was opened but holds no picture that can be decoded."""


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
    """The file of the trace does not exist."""


class TraceFormatError(TraceError, ValueError):
    """It is no trace, or one that lacks what is asked of it."""


class TraceWriteError(TraceError, OSError):
    """The file of the trace cannot be written; a full disk, say."""


class UnknownCameraError(StreamlabError, LookupError):
    """No camera of that id exists."""


class UnknownConnectionError(StreamlabError, LookupError):
    """No connection of that id exists."""


class UnknownStreamError(StreamlabError, LookupError):
    """No stream of that id exists."""


class NoTruthError(StreamlabError, LookupError):
    """Nobody knows what is in the camera's pictures: it is not a synthetic one."""


class CameraExistsError(StreamlabError, ValueError):
    """A camera of that id exists already."""


class SwitchTimeoutError(StreamlabError, TimeoutError):
    """The new channel gave no keyframe within ``channel_switch_timeout``; the old one goes on."""


class InvalidRequestError(StreamlabError, ValueError):
    """A value in a request is out of its range."""


class DisabledError(StreamlabError, RuntimeError):
    """The setting that allows this is off."""


class FaultsNotAllowedError(StreamlabError, PermissionError):
    """Faults are not injected over HTTP here."""


class LimitError(StreamlabError, RuntimeError):
    """A bound that the server keeps has been reached."""


class StateError(StreamlabError, OSError):
    """What the server keeps for its next start cannot be written; a full disk, say."""


class ConnectionInUseError(StreamlabError, ValueError):
    """The connection is being read by somebody already."""


class NoLongerHeldError(StreamlabError, LookupError):
    """These bytes are not held any more, or never were."""
