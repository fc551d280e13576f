"""Signing in and out: plain server-made pages, the only ones an anonymous visitor sees.

They set `Referrer-Policy: same-origin`, because under `no-referrer` a browser sends `Origin: null` with a
form (Fetch standard, "append a request Origin header") and the guard would refuse its own form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from studio import people
from studio.records import Person, Refusal, Role
from studio.reports import outside
from studio.store import Store
from studio.store import people as people_rows
from studio.ui.guard import wanted_cookie, wanted_page

ROLE_WORDS = {Role.designer: "designer", Role.reviewer: "reviewer", Role.pm: "PM", Role.admin: "admin"}
_FORM_BYTES = 8_192
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; font-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Doors:
    """The sign-in routes. `store` returns the open store, `cookie` names the session cookie."""

    store: Callable[[], Store]
    cookie: str

    def routes(self) -> list[BaseRoute]:
        both = ["GET", "POST"]
        return [
            Route("/sign-in", self._sign_in, methods=both),
            Route("/join/{token}", self._join, methods=both),
            Route("/sign-out", self._sign_out, methods=both),
            Route("/sign-in.css", _stylesheet),
            Route("/sign-in/{font}.woff2", _font),
        ]

    async def _sign_in(self, request: Request) -> Response:
        if request.scope["yardstick"]:
            return RedirectResponse("/", 303)
        form = await _form(request) if request.method == "POST" else dict(request.query_params)
        return await self._admit(request, form, "/sign-in") if form.get("token") else door()

    async def _join(self, request: Request) -> Response:
        form = await _form(request) if request.method == "POST" else {}
        return await self._admit(request, {**form, "token": request.path_params["token"]}, request.url.path)

    async def _admit(self, request: Request, form: dict[str, str], action: str) -> Response:
        """The form of a link or, once it was sent, the session it opens."""
        token, name = form["token"], form.get("name", "")
        try:
            offer = await run_in_threadpool(people.invitation, self.store(), token)
        except Refusal as refusal:
            return door(str(refusal), 410)
        show = _Form(action, token, offer, _admins(self.store()), request.scope["yardstick"])
        if request.method != "POST":
            return show.page(offer.name)
        try:
            if form.get("person"):
                signed_in = await run_in_threadpool(people.sign_in_again, self.store(), token, form["person"])
            else:
                signed_in = await run_in_threadpool(people.join, self.store(), token, name)
        except Refusal as refusal:
            return show.page(name, str(refusal))
        wanted = wanted_cookie(self.cookie)
        response = RedirectResponse(wanted_page(request.cookies.get(wanted, "/")), 303)
        response.delete_cookie(wanted, httponly=True, samesite="lax")
        secure, seconds = request.url.scheme == "https", people.SESSION_DAYS * 24 * 3600
        response.set_cookie(self.cookie, signed_in.session, seconds, httponly=True, samesite="lax", secure=secure)
        return response

    async def _sign_out(self, request: Request) -> Response:
        if request.method != "POST":
            return _sign_out_form(request.scope["yardstick"])
        await run_in_threadpool(people.sign_out, self.store(), request.cookies[self.cookie])
        response = RedirectResponse("/sign-in", 303)
        response.delete_cookie(self.cookie, httponly=True, samesite="lax")
        return response


async def _font(request: Request) -> Response:
    """Streamlit's own bundled type, so that the first page already looks like the rest."""
    import streamlit

    names = {"serif": "SourceSerifVariable-Roman*.woff2", "sans": "SourceSansVF-Upright*.woff2"}
    folder = Path(streamlit.__file__).parent / "static" / "static" / "media"
    found = next(folder.glob(names.get(request.path_params["font"], "-")), None)
    if found is None:
        return Response(status_code=404)
    return FileResponse(found, media_type="font/woff2", headers={"Cache-Control": "public, max-age=86400"})


async def _stylesheet(_request: Request) -> Response:
    return Response(outside.sheet(Path(__file__).parent / "assets" / "sign_in.css"), media_type="text/css")


def door(problem: str = "", status: int = 200) -> HTMLResponse:
    """The page of someone without a session: how to get in."""
    return _page(
        "Sign in",
        "<p class=lead>This studio opens with a personal link, not a password.</p>"
        "<p>If you were invited, open the link you were sent. If you run the studio, open the address that "
        "<code>make run</code> printed; <code>studio serve --new-token</code> prints a fresh one.</p>",
        problem,
        status,
    )


@dataclass(frozen=True)
class _Form:
    """The page of a link that still works: for the first admin, for an admin who comes back, for an invited person."""

    action: str
    token: str
    offer: people.Invitation
    admins: tuple[Person, ...]
    here: Person | None

    def page(self, name: str, problem: str = "") -> HTMLResponse:
        """`name` fills the field; `problem` says why the last try was refused."""
        title, body = self._invited(name) if self.offer.name else self._admin(name)
        return _page(title, body, problem, 400 if problem else 200)

    def _invited(self, name: str) -> tuple[str, str]:
        already = ""
        if self.here:
            already = f"<p class=note>This browser is signed in as {escape(self.here.name)}; joining replaces that.</p>"
        lead = f"<p class=lead>You join this studio as <strong>{ROLE_WORDS[self.offer.role]}</strong>.</p>"
        return "You are invited", lead + self._ask(name, "Join") + already

    def _admin(self, name: str) -> tuple[str, str]:
        if not self.admins:
            note = "Your name is shown beside what you write, approve and decide. As admin you invite the others."
            lead = "<p class=lead>Teach a model your house style, and know whether it worked.</p>"
            return "Welcome to Yardstick", f"{lead}{self._ask(name, 'Open the studio')}<p class=note>{note}</p>"
        known = "".join(
            f"<button name=person value={escape(a.id)}>Continue as {escape(a.name)}</button>" for a in self.admins
        )
        again = f'<form method=post action="{self.action}" class=known>{self._hidden()}{known}</form>'
        return (
            "Welcome back",
            f"{again}<p class=note>Or come in as another admin:</p>{self._ask(name, 'Join as admin')}",
        )

    def _hidden(self) -> str:
        return f'<input type=hidden name=token value="{escape(self.token)}">'

    def _ask(self, name: str, button: str) -> str:
        return (
            f'<form method=post action="{escape(self.action)}">{self._hidden()}<label for=name>Your name</label>'
            f'<input id=name name=name value="{escape(name)}" required maxlength=80 autocomplete=name autofocus>'
            f"<button>{button}</button></form>"
        )


def _admins(store: Store) -> tuple[Person, ...]:
    everyone = people_rows.everyone(store)
    return tuple(p for p in everyone if p.role is Role.admin and p.active and not p.scripted)


def _sign_out_form(person: Person) -> HTMLResponse:
    return _page(
        "Sign out?",
        f"<p class=lead>You are {escape(person.name)}, {ROLE_WORDS[person.role]}.</p>"
        "<p>There is no password here: to come back on this browser you need a new link from an admin.</p>"
        '<form method=post action="/sign-out"><button>Sign out</button><a class=quiet href="/">Stay</a></form>',
    )


def _page(title: str, body: str, problem: str = "", status: int = 200) -> HTMLResponse:
    return HTMLResponse(bare_page(title, body, problem), status, _HEADERS)


def bare_page(title: str, body: str, problem: str = "") -> str:
    """A page of somebody without a session, as HTML. `body` is HTML; `title` and `problem` are words."""
    said = f"<p class=problem role=alert>{escape(problem)}</p>" if problem else ""
    name = escape(title)
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{name} - Yardstick</title>"
        '<meta name=viewport content="width=device-width, initial-scale=1"><link rel=icon href="data:,">'
        '<link rel=stylesheet href="/sign-in.css"></head><body><main>'
        f"<p class=mark><span aria-hidden=true></span>Yardstick</p><h1>{name}</h1>{said}{body}</main></body></html>"
    )


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _FORM_BYTES:
            raise HTTPException(413, "This form was too long. Nothing was changed.")
    return {k: v[0].strip() for k, v in parse_qs(body.decode("utf-8", "replace")).items()}
