"""Opens FFmpeg's input for a source, within what the source may reach.

A local file, and any file over HTTP that was not named by the operator, is opened by streamlab, and
so is what a playlist refers to. FFmpeg makes the other connections; for a source with limits, to an
address that was checked.
"""

from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import av

from streamlab.address import Address
from streamlab.errors import SourceUnreachableError
from streamlab.media.devices import open_webcam
from streamlab.media.ffmpeg_input import FfmpegInput, ffmpeg_input
from streamlab.media.formats import allowed_options
from streamlab.media.hosts import hosts_of
from streamlab.media.http_file import HttpFiles
from streamlab.media.limits import SourceLimits, decoder_options
from streamlab.media.local_files import open_local
from streamlab.media.networks import checked_addresses
from streamlab.media.references import FfmpegFile, References, local_references
from streamlab.media.spec import SourceKind, SourceSpec

if TYPE_CHECKING:
    from av.container import InputContainer

# Only an upper bound: a camera's reader gives up a connection much earlier, depending on the
# camera's rate. A frame may come as rarely as every 30 s.
READ_TIMEOUT_S = 120.0
WEBCAM_READ_TIMEOUT_S = 5.0
BUFFER_BYTES = 1 << 17
_PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".jls", ".jp2")


class OpenInput(NamedTuple):
    """An open container, and the files that it reads from, if streamlab opened them."""

    container: InputContainer
    references: References | None = None

    def receive_opening(self) -> None:
        """Lift the limits of an opening: the source has given a picture."""
        if self.references is not None:
            self.references.receive_opening()

    def stop(self) -> None:
        """End a read that waits, where that is possible. May be called from any thread."""
        if self.references is not None:
            self.references.stop()

    def close(self) -> None:
        """Close the container and its files."""
        self.container.close()
        if self.references is not None:
            self.references.close()


def open_input(
    spec: SourceSpec, open_timeout_s: float, given: FfmpegInput | None = None
) -> OpenInput:
    """Open a source. Raises SourceError, FFmpegError and OSError.

    ``given``: what FFmpeg opens, for a kind that is not built in.
    """
    if spec.kind is SourceKind.WEBCAM:
        return OpenInput(open_webcam(spec.address, (open_timeout_s, WEBCAM_READ_TIMEOUT_S)))
    if given is None and spec.kind is SourceKind.FILE:
        return _open_file(spec, open_timeout_s)
    if given is None and spec.kind is SourceKind.HTTP and spec.limits is not None:
        return _open_http(spec, open_timeout_s)
    if given is None and spec.limits is not None:
        spec = _pinned(spec, spec.limits)
    url, container_format, options = given or ffmpeg_input(spec)
    return OpenInput(
        av.open(
            url,
            format=container_format,
            options=options | decoder_options(spec.max_pixels),
            timeout=(open_timeout_s, READ_TIMEOUT_S),
            metadata_errors="replace",  # titles are not always UTF-8
        )
    )


def _open_file(spec: SourceSpec, open_timeout_s: float) -> OpenInput:
    references = local_references(spec.limits)
    with ExitStack() as unless_opened:
        unless_opened.callback(references.close)
        file = open_local(spec.address, spec.limits)
        if Path(spec.address).suffix.lower() in _PICTURES:
            # FFmpeg takes a name that ends in .jpg for a numbered series of files.
            file.name = f"{spec.address}#"
        container = _open_files(spec, open_timeout_s, references.add(file), references)
        unless_opened.pop_all()
    return OpenInput(container, references)


def _open_http(spec: SourceSpec, open_timeout_s: float) -> OpenInput:
    references = HttpFiles(spec, open_timeout_s)
    with ExitStack() as unless_opened:
        unless_opened.callback(references.close)
        wanted = "hls" if references.file.is_playlist else None
        file = references.add(references.file)
        container = _open_files(spec, open_timeout_s, file, references, wanted)
        unless_opened.pop_all()
    return OpenInput(container, references)


def _open_files(
    spec: SourceSpec,
    open_timeout_s: float,
    file: FfmpegFile,
    references: References,
    container_format: str | None = None,
) -> InputContainer:
    """Open a container that reads from files opened by streamlab only."""
    options = allowed_options(spec.kind, by_streamlab=True) | {"http_persistent": "0"}
    return av.open(
        file,
        "r",
        format=container_format,
        options=options | decoder_options(spec.max_pixels),
        timeout=(open_timeout_s, READ_TIMEOUT_S),
        metadata_errors="replace",
        buffer_size=BUFFER_BYTES,
        io_open=references.open,
    )


def _pinned(spec: SourceSpec, limits: SourceLimits) -> SourceSpec:
    """Return a source with its host replaced by an address that it may name.

    Raises SourceNotAllowedError, and SourceUnreachableError if the host is not known.
    """
    address, hosts = Address.parse(spec.address), hosts_of(spec.kind, spec.address)
    try:
        resolved = [checked_addresses(host, limits.networks)[0] for host in hosts]
    except socket.gaierror:
        raise SourceUnreachableError(
            f"{spec.display} cannot be reached: the host name is not known"
        ) from None
    if spec.kind is not SourceKind.RTSP:
        return spec
    port = address.host.removeprefix(f"[{address.hostname}]").removeprefix(address.hostname)
    literal = f"[{resolved[0]}]" if ":" in resolved[0] else resolved[0]
    return replace(spec, address=str(address._replace(host=f"{literal}{port}")))
