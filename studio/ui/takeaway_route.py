"""`GET /take-away/{job}`: a tuned model's zip, sent from the disk piece by piece, for those who may train."""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from studio.store import Store, runs
from studio.train import takeaway

PATH = "/take-away/"


def address(taken: takeaway.Taken) -> str:
    """Where the zip is to be had, in this studio."""
    return f"{PATH}{taken.job}"


def route(store: Callable[[], Store]) -> BaseRoute:
    """The route. The guard has let in only who is signed in; 403 for another role, 404 for what is not there."""

    async def take(request: Request) -> Response:
        from studio.ui.access import PAGE_ROLES  # which itself needs the server that has this route

        person = request.scope["yardstick"]
        if person.role not in PAGE_ROLES["train"].see:
            return PlainTextResponse("A tuned model is taken away by those who may train it.", 403)
        taken = await run_in_threadpool(_found, store(), request.path_params["job"])
        if taken is None:
            return PlainTextResponse("This is not here any more. Prepare it again on the Train page.", 404)
        headers = {"Cache-Control": "no-store"}
        return FileResponse(taken.zip, filename=taken.zip.name, media_type="application/zip", headers=headers)

    return Route(f"{PATH}{{job}}", take, methods=["GET"])


def _found(store: Store, name: str) -> takeaway.Taken | None:
    job = runs.job(store, name)
    return takeaway.of(store, job) if job and job.kind == takeaway.KIND else None
