"""Errors over HTTP: problem details for all of them (RFC 9457)."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import asyncpg
import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from spoton_common import storage
from spoton_common.logging import get_logger
from starlette.exceptions import HTTPException
from starlette.routing import Match

from spoton_gateway import errors
from spoton_gateway.api.models import Problem

_log = get_logger()

MEDIA_TYPE = "application/problem+json"

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

_MAX_FAULTS = 20  # what is wrong with a request is told, not repeated at length
_MAX_QUOTED = 200
_MAX_DETAIL = 1000

_MEANINGS = {
    400: "Not HTTP, not JSON, or for another host name",
    403: "From a page of another origin",
    404: "There is no such thing",
    408: "The request did not come in time",
    409: "Does not fit the state of the task",
    413: "The body is too large",
    415: "Not a form, or not a kind of video that is accepted",
    416: "The range lies behind the end of the file",
    422: "Not valid",
    502: "Object storage refuses access",
    503: "Kafka, the database or object storage is away, or the gateway is too busy",
    507: "There is no room for the file",
}

_BY_TYPE: dict[type[Exception], tuple[int, str]] = {
    errors.NotFound: (404, "Not found"),
    errors.Conflict: (409, "Conflict with the state of the task"),
    errors.Unprocessable: (422, "The request cannot be carried out"),
    errors.BadCursor: (422, "Unknown cursor"),
    errors.BadUpload: (400, "The upload cannot be read"),
    errors.SlowUpload: (408, "The upload stopped coming"),
    errors.TooLarge: (413, "The file is too large"),
    errors.UnsupportedMedia: (415, "Unsupported kind of file"),
    errors.UnusableUpload: (422, "The video cannot be accepted"),
    errors.StorageFull: (507, "Insufficient storage"),
    errors.RangeBeyondEnd: (416, "Range not satisfiable"),
    errors.Unavailable: (503, "Service unavailable"),
    asyncpg.DataError: (422, "The request holds what the database cannot take"),
    storage.NotFound: (404, "Video not found"),
    storage.OutsideRoots: (404, "Video not available"),
    storage.InvalidUri: (404, "Video not available"),
    storage.AccessRefused: (502, "Object storage refuses access"),
    storage.Unreachable: (503, "Object storage unavailable"),
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return how OpenAPI describes answers with problem details of these statuses."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _MEANINGS[status], "content": content} for status in statuses}


def problem(
    path: str, status: int, title: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """Return a response with problem details; ``path`` is the one that was asked for, as characters."""
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail[:_MAX_DETAIL],
        "instance": quote(path),
        **more,
    }
    return Response(_json(body), status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def _json(body: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:
        # Half a surrogate pair, quoted from a request, has no UTF-8.
        return json.dumps(body).encode()


def install(app: FastAPI) -> None:
    """Let every error of the application become a problem."""
    for error_type, (status, title) in _BY_TYPE.items():
        app.add_exception_handler(error_type, _handler(status, title))
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(Exception, _unexpected)
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        description = describe()
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        description["components"]["schemas"] |= {**schema.pop("$defs"), "Problem": schema}
        return description

    app.openapi = openapi  # type: ignore[method-assign]


def _handler(status: int, title: str) -> Any:
    async def handle(request: Request, error: Exception) -> Response:
        headers = {}
        if isinstance(error, errors.RangeBeyondEnd):
            headers["Content-Range"] = f"bytes */{error.size_bytes}"
        if status == 503:
            headers["Retry-After"] = "2"
        return problem(request.url.path, status, title, str(error), headers)

    return handle


async def _invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [
        {"location": ".".join(map(str, item["loc"]))[:_MAX_QUOTED], "message": item["msg"][:_MAX_QUOTED]}
        for item in error.errors()[:_MAX_FAULTS]
    ]
    detail = "; ".join(f"{item['location']}: {item['message']}" for item in found)
    return problem(request.url.path, 422, "The request is not valid", detail, errors=found)


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers
    return problem(request.url.path, error.status_code, str(error.detail), str(error.detail), headers)


def _allowed(request: Request) -> str:
    """List the methods of all routes of a path; the router itself names those of the first one only."""

    def fits(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)

    return ", ".join(filter(fits, _METHODS))


async def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("request failed", path=request.url.path, error=type(error).__name__)
    return problem(request.url.path, 500, "Internal error", "the error is in the gateway's log")
