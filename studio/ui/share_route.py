"""`GET /share/{token}`: a decision to read, for whoever holds a link to it. No account, no session, cookie or script.

A token that opens nothing gets one answer, at one time, whether it was never given out, withdrawn or has expired. Who
tries many of those is told so; of them no more than their address is held, in memory, for a minute.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import re
import time
from collections import deque
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from studio import sharing
from studio.records import Person, Refusal
from studio.review import independence
from studio.store import Store
from studio.store.shares import Share
from studio.ui import share_page

log = logging.getLogger("yardstick")
PATH = "/share/"
REFUSED_SECONDS = 0.3
"""When a token that opens nothing is answered, at the soonest, after it came in: longer than any look-up takes."""
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


class Tries:
    """How often each address came with a token that opens nothing. `clock`: seconds that grow.

    No number of tries finds a token of 192 random bits: this keeps who tries many from having the server hold as many
    answers back. It says nothing of links that work. Visitors behind a proxy that does not pass their addresses on
    count as one.
    """

    MOST, SECONDS, ADDRESSES = 20, 60.0, 10_000

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._missed: dict[str, deque[float]] = {}

    def too_many(self, address: str) -> bool:
        """Whether an address has missed so often within the last minute that its misses are not told one by one."""
        missed, since = self._missed.get(address, deque()), self._clock() - self.SECONDS
        while missed and missed[0] < since:
            missed.popleft()
        if not missed:
            self._missed.pop(address, None)
        return len(missed) >= self.MOST

    def miss(self, address: str) -> None:
        """Counts a token that opened nothing. With very many addresses at once the oldest is forgotten."""
        if address not in self._missed and len(self._missed) >= self.ADDRESSES:
            del self._missed[next(iter(self._missed))]
        self._missed.setdefault(address, deque(maxlen=self.MOST)).append(self._clock())


def route(store: Callable[[], Store], refused_seconds: float = REFUSED_SECONDS) -> BaseRoute:
    """The route, which the guard leaves open. `refused_seconds`: see `REFUSED_SECONDS`."""
    tries, decisions = Tries(), sharing.Decisions()

    async def show(request: Request) -> Response:
        started = time.monotonic()
        share = await run_in_threadpool(sharing.find, store(), request.path_params["token"])
        if share is None:
            address = request.client.host if request.client else ""
            if tries.too_many(address):
                return _answer(share_page.too_many(), 429)
            tries.miss(address)
            await asyncio.sleep(max(0.0, started + refused_seconds - time.monotonic()))
            return _answer(share_page.over(), 404)
        reader = request.scope.get("yardstick")  # whoever is signed in here
        if reader and await run_in_threadpool(independence.kept_blind, store(), share.project, reader):
            return _answer(share_page.kept(), 403)
        try:
            shown = await run_in_threadpool(decisions.of, store(), share)
        except Refusal as refusal:
            log.warning("What a link leads to cannot be shown: %s", refusal)
            return _answer(share_page.not_now(), 409)
        page = await run_in_threadpool(share_page.written, shown)
        if request.method == "GET":
            await run_in_threadpool(_count, store(), share, reader if shown.answers else None)
        return _answer(page, 200)

    return Route(f"{PATH}{{token}}", show, methods=["GET"])


def _count(store: Store, share: Share, reader: Person | None) -> None:
    try:
        sharing.count_opening(store, share, reader)
    except Refusal as refusal:  # a full disk keeps nobody from reading
        log.warning("The opening of a link was not counted: %s", refusal)


def _answer(page: str, status: int) -> HTMLResponse:
    """Styles of the page itself and of this server only; nothing else may load, run, frame, index, keep or tell it."""
    digests = (base64.b64encode(hashlib.sha256(css.encode()).digest()).decode() for css in _STYLE.findall(page))
    styles = " ".join(["'self'", *(f"'sha256-{digest}'" for digest in digests)])
    headers = {
        "Content-Security-Policy": f"default-src 'none'; style-src {styles}; font-src 'self'; img-src data:; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex, nofollow, noarchive",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return HTMLResponse(page, status, headers)
