"""Errors as RFC 9457 problem documents."""

from __future__ import annotations

import json
import re
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from streamlab import errors
from streamlab.credentials import HIDDEN, redacted, scrub

STATUS: dict[type[errors.StreamlabError], int] = {
    errors.UnknownCameraError: 404,
    errors.UnknownConnectionError: 404,
    errors.UnknownStreamError: 404,
    errors.NoTruthError: 404,
    errors.CameraExistsError: 409,
    errors.ConnectionInUseError: 409,
    errors.SourceNotAllowedError: 403,
    errors.SourceNotFoundError: 422,
    errors.SourceFormatError: 422,
    errors.SourceUnreachableError: 503,
    errors.SourceError: 422,
    errors.ModelError: 422,
    errors.InvalidRequestError: 422,
    errors.SwitchTimeoutError: 504,
    errors.DisabledError: 503,
    errors.ShuttingDownError: 503,
    errors.FaultsNotAllowedError: 403,
    errors.RedactedError: 403,
    errors.LimitError: 429,
    errors.NoLongerHeldError: 410,
    errors.StateError: 507,
    errors.ConfigurationError: 422,
    errors.TraceWriteError: 507,
    errors.TraceError: 422,
    errors.StreamlabError: 500,
}
RETRY_AFTER_S = 5
MAX_SHOWN_CHARS = 256


def install(app: FastAPI) -> None:
    """Make every error response of the app a problem document."""
    app.add_exception_handler(errors.StreamlabError, _on_streamlab_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)


def problem(status: int, title: str, detail: str, hint: str = "", **extra: object) -> JSONResponse:
    """Return a problem document; ``hint`` says what the client can do."""
    slug = re.sub(r"[^a-z]+", "-", title.lower()).strip("-")
    body = {"type": f"urn:streamlab:problem:{slug}", "title": title, "status": status}
    body |= {"detail": scrub(detail), **({"hint": hint} if hint else {}), **extra}
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status in (429, 503) else None
    return JSONResponse(body, status, headers, "application/problem+json")


async def _on_streamlab_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.StreamlabError)
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    title = re.sub(r"(?<!^)([A-Z])", r" \1", type(error).__name__.removesuffix("Error"))
    extra: dict[str, object] = {}
    if isinstance(error, errors.UnknownCameraError):
        extra["camera_ids"] = list(request.app.state.manager.cameras)
    return problem(status, title.capitalize(), error.message, error.hint, **extra)


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
    assert isinstance(error, RequestValidationError)
    faults = [
        {
            "field": ".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0]),
            "value": _shown(fault.get("input")) if fault["type"] != "missing" else None,
            "message": fault["msg"].removeprefix("Value error, "),
            **({"allowed": fault["ctx"]["expected"]} if "expected" in fault.get("ctx", {}) else {}),
        }
        for fault in error.errors()
    ]
    words = "; ".join(f"{fault['field']}: {fault['message']}" for fault in faults)
    return problem(422, "Invalid request", words, "Correct these values.", errors=faults)


def _shown(value: object) -> object:
    """Return the value without credentials, or its repr if JSON cannot represent it (NaN)."""
    if isinstance(value, dict | list | bytes):
        return HIDDEN  # a body as a whole may hold anything
    if isinstance(value, str):
        return scrub(redacted(value[:MAX_SHOWN_CHARS]))
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return repr(value)
    return value


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    title = HTTPStatus(error.status_code).phrase
    detail = f"{request.method} {request.url.path}: {error.detail}"
    response = problem(error.status_code, title, detail, "See /docs for the available paths.")
    response.headers.update(error.headers or {})
    return response
