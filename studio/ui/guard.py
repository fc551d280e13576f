"""The door: a pure ASGI middleware that lets nobody past without a session, on every route and the WebSocket.

It also hands the session to the pages in two headers that a client cannot set, refuses writes from
other origins, and sets the security headers. It reads the session row for every request and every
WebSocket message, so a session that was closed a moment ago can do nothing more, not even finish a click.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.records import Person, sha256
from studio.store import Store, now, people

PERSON_HEADER = "X-Yardstick-Person"
SESSION_HEADER = "X-Yardstick-Session"
COMMAND_PATH = "/api/command"
_OPEN = re.compile(
    r"/(sign-in|sign-in\.css|sign-in/(serif|sans)\.woff2|_stcore/health|join/[A-Za-z0-9_-]{1,200}|share/[^/]{1,200})"
)
_PAGE = re.compile(r"/[a-z]{1,40}(\?[A-Za-z0-9_.~=&%-]{1,300})?")
_WANTED_SECONDS = 3600
_SAFE = ("GET", "HEAD", "OPTIONS")


@dataclasses.dataclass(frozen=True)
class Guard:
    """Wraps `app`. `store` returns the open store, `cookie` names the session cookie, `sign_in` makes the page."""

    app: ASGIApp
    store: Callable[[], Store]
    cookie: str
    sign_in: Callable[[], Response]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        session = session_sha(headers, self.cookie)
        person = self._person(session)
        scope = {**scope, "headers": _identified(scope, person, session)}
        scope["yardstick"] = person
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send, headers, session, person)
        else:
            await self._http(scope, receive, _secured(send), headers, person)

    async def _http(self, scope: Scope, receive: Receive, send: Send, headers: Headers, person: Person | None) -> None:
        refused = _refused_write(scope, headers)
        if refused is not None:
            await refused(scope, receive, send)
        elif person or _OPEN.fullmatch(scope["path"]) or (scope["path"], scope["method"]) == (COMMAND_PATH, "POST"):
            await self.app(scope, receive, send)
        else:
            await self._turned_away(scope, headers)(scope, receive, send)

    async def _socket(
        self, scope: Scope, receive: Receive, send: Send, headers: Headers, session: str, person: Person | None
    ) -> None:
        if person is None or not _same_origin(headers):
            await send({"type": "websocket.close", "code": 4403, "reason": "no session"})
            return

        async def watched() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and self._person(session) is None:
                return {"type": "websocket.receive", "bytes": _bare_rerun()}
            return message

        await self.app(scope, watched, send)

    def _person(self, session: str) -> Person | None:
        return people.by_session(self.store(), session, now()) if session else None

    def _turned_away(self, scope: Scope, headers: Headers) -> Response:
        page = scope["method"] == "GET" and "text/html" in headers.get("accept", "")
        if not page:
            return PlainTextResponse("Sign in first.", 401)
        response = self.sign_in()
        response.status_code = 401
        wanted = f"{scope['path']}?{scope['query_string'].decode('ascii', 'replace')}".rstrip("?")
        if wanted_page(wanted) != "/":
            secure = scope["scheme"] == "https"
            response.set_cookie(
                wanted_cookie(self.cookie), wanted, _WANTED_SECONDS, httponly=True, samesite="lax", secure=secure
            )
        return response


def wanted_cookie(cookie: str) -> str:
    """The cookie that keeps which page somebody wanted who had to sign in first; `cookie` is the session's."""
    return f"{cookie}-wanted"


def wanted_page(text: str) -> str:
    """`text` if it is a page of this studio with plain parameters, else the first page: never another site."""
    return text if _PAGE.fullmatch(text) else "/"


def session_sha(headers: Headers, cookie: str) -> str:
    """Hex SHA-256 of the session token in the named cookie, or "" without one."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(cookie)
    except CookieError:
        return ""
    return sha256(found.value) if found and found.value else ""


def _identified(scope: Scope, person: Person | None, session: str) -> list[tuple[bytes, bytes]]:
    """The request's headers without any that pretend to be ours, then ours."""
    kept = [(k, v) for k, v in scope["headers"] if not k.lower().replace(b"_", b"-").startswith(b"x-yardstick-")]
    if person is None:
        return kept
    ours = ((PERSON_HEADER, person.id), (SESSION_HEADER, session))
    return [*kept, *((name.lower().encode(), value.encode()) for name, value in ours)]


def _same_origin(headers: Headers) -> bool:
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == headers.get("host")


def _refused_write(scope: Scope, headers: Headers) -> Response | None:
    """403 for a write that a page of another origin may have sent.

    Browsers send Origin with every write. Only the command has none: its bearer token is no cookie.
    """
    if scope["method"] in _SAFE or _same_origin(headers):
        return None
    if scope["path"] == COMMAND_PATH and "origin" not in headers:
        return None
    return PlainTextResponse("This request came from another site. Nothing was changed.", 403)


def _bare_rerun() -> bytes:
    """A message that runs the page afresh and carries no click: what a closed session's message is replaced with."""
    from streamlit.proto.BackMsg_pb2 import BackMsg

    message = BackMsg()
    message.rerun_script.SetInParent()
    return message.SerializeToString()


def _secured(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return wrapped


def _inline_scripts() -> str:
    """CSP sources for the inline scripts of Streamlit's own index page, so that no other inline script runs."""
    import streamlit

    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts)
    return " ".join(f"'sha256-{digest}'" for digest in digests)


_HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' blob: {_inline_scripts()}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "media-src 'self' data: blob:",
            "worker-src 'self' blob:",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
