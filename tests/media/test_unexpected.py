"""Whatever a source raises while it is opened, probed or closed, its caller gets a SourceError."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as LateError
from contextlib import contextmanager
from fractions import Fraction
from itertools import islice
from typing import NoReturn

import pytest

from streamlab.errors import SourceError, SourceFormatError, SourceUnreachableError
from streamlab.media import opening
from streamlab.media.opening import open_within
from streamlab.media.plugin_source import PluginSource
from streamlab.media.probe import Reading, reading
from streamlab.media.source import Source, SourceFrame, SourceInfo
from streamlab.media.spec import SourceSpec
from streamlab.media.synthetic_source import SyntheticSource
from streamlab.media.unexpected import MAX_REASON_CHARS, unexpected

STREET = SourceSpec.parse("synthetic://traffic?width=160&height=90&fps=10")
CAMERA = SourceSpec.parse("rtsp://admin:hunter2@camera.example/1")


def fail(*_: object) -> NoReturn:
    raise UnicodeDecodeError("utf-8", b"\xfc", 0, 1, "invalid start byte")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("pix"), "KeyError: 'pix'"),
        (MemoryError(), "MemoryError"),
        (
            ValueError("rtsp://admin:hunter2@camera.example/1"),
            "ValueError: rtsp://camera.example/1",
        ),
        (ValueError("the password is hunter2"), r"ValueError: the password is \*\*\*"),
    ],
)
def test_the_reason_has_class_and_text_without_credentials(error: Exception, words: str) -> None:
    found = unexpected(error, CAMERA)
    with pytest.raises(SourceError, match=f"failed unexpectedly: {words}$"):
        raise found


def test_a_long_reason_is_shortened_after_its_credentials_were_removed() -> None:
    text = "x" * (MAX_REASON_CHARS - len(CAMERA.address) // 2) + " " + CAMERA.address
    found = str(unexpected(ValueError(text), CAMERA))
    assert len(found) < MAX_REASON_CHARS + 100
    assert "hunter2" not in found
    assert "admin" not in found


def test_only_a_file_that_is_played_once_is_not_tried_again() -> None:
    kinds = [
        isinstance(unexpected(KeyError("x"), SourceSpec.parse(text)), SourceFormatError)
        for text in ("door.mp4#once", "door.mp4", "http://camera.example/1#once")
    ]
    assert kinds == [True, False, False]


def test_an_opening_ends_with_a_source_error_and_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(opening, "open_source", fail)
    with pytest.raises(SourceError, match="UnicodeDecodeError: 'utf-8' codec"):
        open_within(CAMERA)
    (record,) = caplog.records
    assert "Traceback" in record.getMessage()
    assert "hunter2" not in record.getMessage()


def test_a_probe_ends_with_a_source_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "open_source", fail)
    probe = Reading(CAMERA)
    probe.run()
    with pytest.raises(SourceError, match="UnicodeDecodeError: 'utf-8' codec"):
        probe.report()


def test_a_source_that_opens_just_after_the_time_out_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed: list[Source] = []

    class Closing(SyntheticSource):
        def close(self) -> None:
            closed.append(self)

    class JustLate(Future[Source]):
        """Has its result when the time-out has just been noticed."""

        def result(self, timeout: float | None = None) -> Source:
            if timeout is None:
                return super().result()
            self.set_running_or_notify_cancel()
            self.set_result(Closing(STREET))
            raise LateError

    monkeypatch.setattr(opening, "begin_opening", lambda *_: JustLate())
    with pytest.raises(SourceUnreachableError, match="gave no picture within"):
        open_within(STREET)
    assert len(closed) == 1


class Package:
    """A source of a package that works until its first picture, and fails at everything else."""

    def __init__(self) -> None:
        self._street = SyntheticSource(STREET)
        self.info = SourceInfo("raw", 160, 90, Fraction(10), live=True)
        self.calls: list[str] = []

    def frames(self) -> Iterator[SourceFrame]:
        yield from islice(self._street.frames(), 1)
        raise SystemExit

    @property
    def extradata(self) -> bytes:
        raise SystemExit

    @property
    def reorders(self) -> bool:
        raise KeyError

    def stop(self) -> None:
        self.calls.append("stop")
        raise KeyError

    def close(self) -> None:
        self.calls.append("close")
        raise OSError


@contextmanager
def errors() -> Iterator[None]:
    try:
        yield
    except (Exception, SystemExit) as error:
        raise SourceError(f"the package cannot be used: {type(error).__name__}") from error


def test_no_other_error_leaves_a_source_of_a_package() -> None:
    package = Package()
    source = PluginSource(package, STREET, errors)
    with pytest.raises(SourceError, match="SystemExit"):
        _ = source.extradata
    with pytest.raises(SourceError, match="KeyError"):
        _ = source.reorders
    with pytest.raises(SourceError, match="SystemExit"):
        list(source.frames())
    source.stop()
    source.close()
    assert package.calls == ["stop", "close"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("webcam://0?" + "&".join(f"a{number}=1" for number in range(12)), "3 parameters"),
        ("webcam://\ud800", "cannot be encoded"),
        ("\ud800.mp4", "cannot be encoded"),
        ("http://camera.example/\udcff", "cannot be encoded"),
    ],
)
def test_what_cannot_be_a_source_is_a_source_error(text: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        SourceSpec.parse(text)
