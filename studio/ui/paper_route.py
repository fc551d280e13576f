"""`GET /papers/{project}/{paper}.{form}`: a paper written from the record as it stands now, for the team."""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from studio.records import Refusal
from studio.reports import written
from studio.review import independence
from studio.store import Store

PATH = "/papers/"
_KEPT = (
    "A blind round is open and your votes in it count, so this paper, which tells of arms, is not shown to you. It "
    "comes back when the round has closed."
)
_MEDIA = {"html": "text/html", "md": "text/markdown"}


def address(project: str, name: str, form: str, on: str = "") -> str:
    """Where a paper is to be had, in this studio: a page (html) opens, another form is downloaded. `on`: the round that
    it is about, "" for the newest."""
    return f"{PATH}{project}/{name}.{form}" + (f"?round={on}" if on else "")


def route(store: Callable[[], Store]) -> BaseRoute:
    """The route. The guard has let in only who is signed in; 403 for another role and for what is kept from somebody
    who votes in an open round, 404 for what is not there."""

    async def give(request: Request) -> Response:
        from studio.ui.access import PAGE_ROLES  # which itself needs the server that has this route

        person, told, on = request.scope["yardstick"], request.path_params, request.query_params.get("round", "")
        if person.role not in PAGE_ROLES["decision"].see:
            return PlainTextResponse("The papers are for the team that decides.", 403)
        blind = await run_in_threadpool(independence.kept_blind, store(), told["project"], person)
        if blind and told["name"] not in written.OF_NO_ARM:
            return PlainTextResponse(_KEPT, 403)
        try:
            made = await run_in_threadpool(written.paper, store(), told["project"], told["name"], told["form"], on=on)
        except Refusal as refusal:
            return PlainTextResponse(str(refusal), 404)
        headers = {"Cache-Control": "no-store"}
        if told["form"] != "html":
            headers["Content-Disposition"] = f'attachment; filename="{made.file}"'
        return Response(made.text, media_type=_MEDIA[told["form"]], headers=headers)

    return Route(f"{PATH}{{project}}/{{name}}.{{form}}", give, methods=["GET"])
