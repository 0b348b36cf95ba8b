"""What FastAPI's description of the API lacks: the problem documents, and what a connection is for.

Routes name the statuses that only they have (``problem_responses``). This file adds those that
follow from what a route is: one with a body can refuse a body, one that needs a token can ask for
it, and so on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from pydantic.json_schema import models_json_schema

from streamlab.server.problems import Problem, problem_responses

OPEN_PATHS = ("/healthz",)
_OF_FASTAPI = ("HTTPValidationError", "ValidationError")
_REF = "#/components/schemas/{model}"
_STREAM = "/streams/sse/{camera_id}"
_CONNECTION = "$response.body#/connection_id"


def install(app: FastAPI) -> None:
    """Complete the description of the app, and add the page ``/docs`` that shows it."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        description = generate()
        if Problem.__name__ not in description.get("components", {}).get("schemas", {}):
            _complete(description)
        return description

    app.openapi = openapi  # type: ignore[method-assign]

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        # FastAPI's own page names the description by its path, which a proxy may have changed.
        return get_swagger_ui_html(openapi_url="openapi.json", title=app.title)


def _complete(description: dict[str, Any]) -> None:
    """Add the problem documents to a description of the API."""
    schemas = description.setdefault("components", {}).setdefault("schemas", {})
    for name in _OF_FASTAPI:
        schemas.pop(name, None)
    _, found = models_json_schema([(Problem, "serialization")], ref_template=_REF)
    schemas.update(found["$defs"])
    for path, operations in description["paths"].items():
        for operation in operations.values():
            answers = operation["responses"]
            if "text/event-stream" in answers.get("200", {}).get("content", {}):
                # FastAPI says it is one string. The events are those of the wire protocol.
                answers["200"]["content"]["text/event-stream"]["schema"] = {}
            for status, answer in problem_responses(*_statuses(path, operation)).items():
                if status == 422:
                    answers[str(status)] = answer
                else:
                    answers.setdefault(str(status), answer)
            operation["responses"] = dict(sorted(answers.items()))
    _link(description["paths"])


def _link(paths: dict[str, Any]) -> None:
    """Say where the id of a connection goes that ``subscribe`` returns."""
    camera = {"camera_id": "$request.path.camera_id"}
    both = camera | {"connection_id": _CONNECTION}
    body = {"connection_id": _CONNECTION}
    operations = {path: paths[f"{_STREAM}/{path}"] for path in ("dual", "subscribe", "switch")}
    operations["subscribe"]["post"]["responses"]["200"]["links"] = {
        "join": _link_to(operations["dual"]["get"], parameters=both),
        "unsubscribe": _link_to(operations["subscribe"]["delete"], parameters=both),
        "switch": _link_to(operations["switch"]["post"], parameters=camera, requestBody=body),
    }


def _link_to(operation: dict[str, Any], **values: dict[str, str]) -> dict[str, Any]:
    return {"operationId": operation["operationId"], **values}


def _statuses(path: str, operation: dict[str, Any]) -> Iterator[int]:
    yield from (400, 405, 408, 414, 421, 431)
    if path not in OPEN_PATHS:
        yield from (401, 403, 503)
    if "parameters" in operation or "requestBody" in operation:
        yield 422
    if "requestBody" in operation:
        yield from (413, 415)
    if "camera_id" in path:
        yield 404
