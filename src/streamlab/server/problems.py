"""Errors as RFC 9457 problem documents.

Values of a request that does not validate are not repeated: they may be credentials in the wrong
field. Unknown names are, if they look like ours, so that a misspelling is seen. Other errors quote
what they are about; every text is short and can be encoded.
"""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from streamlab import errors
from streamlab.credentials import scrub
from streamlab.server.access import access_of

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
    errors.NotAllowedError: 403,
    errors.LimitError: 429,
    errors.ServerFullError: 503,
    errors.NoLongerHeldError: 410,
    errors.StateError: 507,
    errors.ConfigurationError: 422,
    errors.TraceWriteError: 507,
    errors.TraceError: 422,
    errors.StreamlabError: 500,
}
RETRY_AFTER_S = 5
BODY = "streamlab.body"
"""Key of the ASGI scope: the body of the request, once it has been read."""
MEDIA_TYPE = "application/problem+json"
MAX_TEXT_CHARS = 2000
MAX_MISTAKES = 20
_LIKE_A_NAME = re.compile(r"[a-z][a-z_ -]{0,40}")  # no number, no secret

Responses = dict[int | str, dict[str, Any]]


class Mistake(BaseModel):
    """What is wrong with one value of a request."""

    field: str
    message: str
    allowed: str | None = None


class Problem(BaseModel):
    """What went wrong, to what, and what the client can do (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    hint: str | None = None
    camera_ids: list[str] | None = Field(None, description="the known cameras, for an unknown one")
    errors: list[Mistake] | None = Field(None, description="of a request that does not validate")


def problem_responses(*statuses: int) -> Responses:
    """Return the problem documents that a route can answer with, for OpenAPI."""
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Make every error response of the app a problem document."""
    app.add_exception_handler(errors.StreamlabError, _on_streamlab_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)


def problem(status: int, title: str, detail: str, hint: str = "", **extra: object) -> JSONResponse:
    """Return a problem document; ``hint`` says what the client can do."""
    slug = re.sub(r"[^a-z]+", "-", title.lower()).strip("-")
    body = {"type": f"urn:streamlab:problem:{slug}", "title": title, "status": status}
    body |= {"detail": shown(scrub(detail)), **({"hint": shown(hint)} if hint else {}), **extra}
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status in (429, 503) else None
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def is_like_a_name(value: object) -> bool:
    """Return True for a word that may be a misspelt name of a field or of a value."""
    return isinstance(value, str) and _LIKE_A_NAME.fullmatch(value) is not None


def shown(text: str) -> str:
    """Return a text of limited length that can be encoded: without lone surrogates."""
    if len(text) > MAX_TEXT_CHARS:
        text = f"{text[:MAX_TEXT_CHARS]}…"
    return text.encode("utf-8", "backslashreplace").decode()


async def _on_streamlab_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.StreamlabError)
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    title = re.sub(r"(?<!^)([A-Z])", r" \1", type(error).__name__.removesuffix("Error"))
    extra: dict[str, object] = {}
    if isinstance(error, errors.UnknownCameraError):
        access = await access_of(request)
        extra["camera_ids"] = list(filter(access.sees, request.app.state.manager.cameras))
    detail = error.message
    if isinstance(error, errors.InvalidRequestError):
        detail = _without(_sent(request), detail)
    return problem(status, title.capitalize(), detail, error.hint, **extra)


def _sent(request: Request) -> list[str]:
    """Return the texts of a request: of its query, and the members of its body."""
    try:
        body = json.loads(request.scope.get(BODY) or b"{}")
    except (ValueError, RecursionError):
        return []
    members = body.values() if isinstance(body, dict) else ()
    texts = [*request.query_params.values(), *(each for each in members if isinstance(each, str))]
    return [part for text in texts for part in (text, *text.split(","))]


def _without(texts: list[str], message: str) -> str:
    """Return a message without what it quotes of what was sent, except a name like ours."""
    for text in texts:
        if not is_like_a_name(text):
            message = message.replace(f"'{text}'", "'…'")
    return message


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
    assert isinstance(error, RequestValidationError)
    faults = error.errors()
    mistakes = [_mistake(fault) for fault in faults[:MAX_MISTAKES]]
    words = "; ".join(f"{each.field}: {each.message}" for each in mistakes)
    if len(faults) > len(mistakes):
        words += f"; and {len(faults) - len(mistakes)} more"
    found = [each.model_dump(exclude_none=True) for each in mistakes]
    return problem(422, "Invalid request", words, "Correct these values.", errors=found)


def _mistake(fault: dict[str, Any]) -> Mistake:
    """Return what is wrong, without the value that was sent."""
    place, *path = fault["loc"]
    if fault["type"] == "extra_forbidden" and not is_like_a_name(path[-1]):
        path = path[:-1]
    return Mistake(
        field=shown(".".join(map(str, path)) or str(place)),
        message=shown(scrub(fault["msg"].removeprefix("Value error, "))),
        allowed=fault.get("ctx", {}).get("expected"),
    )


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    title = HTTPStatus(error.status_code).phrase
    # Not ``request.url``, which cannot be formed with every Host.
    detail = f"{request.method} {request.scope['path']}: {error.detail}"
    response = problem(error.status_code, title, detail, "See /docs for the available paths.")
    response.headers.update(error.headers or {})
    return response
