"""Records a camera of a running server, and downloads the trace."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pandas as pd

from streamlab.analysis.table import read_trace
from streamlab.client import AsyncClient
from streamlab.errors import InvalidRequestError, StreamlabError, TraceWriteError


async def fetch_trace(
    url: str, token: str | None, camera_id: str, seconds: float, path: Path
) -> pd.DataFrame:
    """Record a camera of the server at ``url`` to a Parquet file at ``path``; return its table.

    An existing file is replaced only after the download is complete. Raises the errors of
    ``AsyncClient.trace``, and TraceError.
    """
    if "/" in camera_id:
        raise InvalidRequestError(
            f"'{camera_id}' is not a camera id",
            hint="With --url, name one of the server's cameras; without it, a source.",
        )
    async with AsyncClient(url, token) as client:
        return await _save(client.trace(camera_id, seconds=seconds), path)


async def _save(body: AsyncGenerator[bytes, None], path: Path) -> pd.DataFrame:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            async with aclosing(body) as chunks:
                async for chunk in chunks:
                    file.write(chunk)
        table = read_trace(beside)
        beside.replace(path)
    except StreamlabError:  # some are OSErrors, too
        raise
    except OSError as error:
        raise TraceWriteError(
            f"cannot write '{path}': {error.strerror or error}", hint="Is the disk full?"
        ) from error
    finally:
        beside.unlink(missing_ok=True)
    return table
