"""`POST /api/command`: how the `studio` command reaches a running studio, which alone may open the database."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from studio.records import Refusal
from studio.store import Store
from studio.ui.guard import COMMAND_PATH

BODY_BYTES = 64 * 2**20


def route(store: Callable[[], Store], token: str) -> BaseRoute:
    """The route. Body {"name", "args"}; bearer `token`, which only the workspace's owner can read in server.json.

    Answers 200 with the result's JSON, 409 {"refusal": sentence}, 401 without the token, 400 for another shape.
    """

    async def command(request: Request) -> Response:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not secrets.compare_digest(given.encode(), token.encode()):
            return JSONResponse({"refusal": "The token is not this studio's."}, 401)
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES:
                return JSONResponse({"refusal": "The request is larger than 64 MB."}, 413)
        try:
            name, args = _asked(body)
        except ValueError as problem:
            return JSONResponse({"refusal": str(problem)}, 400)
        from studio.commands import run

        try:
            result = await run_in_threadpool(run, store(), name, args)
        except Refusal as refusal:
            return JSONResponse({"refusal": str(refusal)}, 409)
        return JSONResponse(result)

    return Route(COMMAND_PATH, command, methods=["POST"])


def _asked(body: bytes) -> tuple[str, dict[str, Any]]:
    asked = json.loads(body)
    if not isinstance(asked, dict) or set(asked) != {"name", "args"}:
        raise ValueError('The body must be {"name": ..., "args": {...}}.')
    if not isinstance(asked["name"], str) or not isinstance(asked["args"], dict):
        raise ValueError('"name" must be text and "args" an object.')
    return asked["name"], asked["args"]
