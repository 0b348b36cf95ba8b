"""Asks a running server to record one of its cameras."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pandas as pd

from streamlab.credentials import redacted
from streamlab.errors import (
    InvalidRequestError,
    SourceUnreachableError,
    StreamlabError,
    TraceWriteError,
)
from streamlab.traces.table import read_trace

CONNECT_TIMEOUT_S = 10.0
WRITE_TIMEOUT_S = 60.0
"""How much longer than the recording itself an answer may take."""


async def fetch_trace(url: str, camera_id: str, seconds: float, path: Path) -> pd.DataFrame:
    """Record a camera of the server at ``url`` to a Parquet file at ``path``; return its table.

    A file that was there before is replaced when all has come. Raises StreamlabError with the
    server's own words, SourceUnreachableError when there is no server or it goes away,
    InvalidRequestError for what cannot be asked, and TraceError.
    """
    if "/" in camera_id:
        raise InvalidRequestError(
            f"'{camera_id}' is not a camera id",
            hint="With --url, name one of the server's cameras; without it, a source.",
        )
    timeout = httpx.Timeout(CONNECT_TIMEOUT_S, read=seconds + WRITE_TIMEOUT_S)
    try:
        async with (
            httpx.AsyncClient(base_url=url, timeout=timeout) as client,
            client.stream(
                "GET", f"/cameras/{quote(camera_id, safe='')}/trace", params={"seconds": seconds}
            ) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise _refusal(response, await response.aread())
            return await _save(response.aiter_bytes(), path)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise InvalidRequestError(
            f"'{redacted(url)}' is not a server URL",
            hint="Example: http://127.0.0.1:8000",
        ) from None
    except httpx.HTTPError as error:
        raise SourceUnreachableError(
            f"the server at {redacted(url)} did not answer: {str(error) or type(error).__name__}",
            hint="Is it running? `streamlab serve` prints its address.",
        ) from error


async def _save(chunks: AsyncIterator[bytes], path: Path) -> pd.DataFrame:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            async for chunk in chunks:
                file.write(chunk)
        table = read_trace(beside)
        beside.replace(path)
    except OSError as error:
        raise TraceWriteError(
            f"cannot write '{path}': {error.strerror or error}", hint="Is the disk full?"
        ) from error
    finally:
        beside.unlink(missing_ok=True)
    return table


def _refusal(response: httpx.Response, body: bytes) -> StreamlabError:
    """Return the error that the server's problem document tells of."""
    try:
        problem = json.loads(body)
        return StreamlabError(problem["detail"], hint=problem.get("hint", ""))
    except (ValueError, KeyError, TypeError):
        return StreamlabError(
            f"{response.url} answered {response.status_code} {response.reason_phrase}",
            hint="Is this a streamlab server, and at least as new as this command?",
        )
