"""Entry point 1: the web server. One process that owns the store, serves the pages and watches the jobs."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import socket
import sys
import tomllib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from studio import paths, people
from studio.records import Refusal, sha256
from studio.store import Store
from studio.store import people as people_rows
from studio.ui import (
    command_route,
    guide_route,
    paper_route,
    project_route,
    share_route,
    sign_in,
    takeaway_route,
    typed_route,
)
from studio.ui.guard import Guard
from studio.ui.programs import Programs

if TYPE_CHECKING:
    import uvicorn

log = logging.getLogger("yardstick")
_ENTRY = Path(__file__).parent / "app.py"
_MESSAGE_BYTES = 200 * 2**20
_NO_SECRETS: dict[str, Any] = {"none": {}}
"""While Streamlit was given none at all, it looks for a file of them whenever a page asks who is there."""
_SWITCH_SECONDS = 0.0005
"""How long a thread may keep the interpreter while others wait: a vote leaves it for each of its queries, and with
Python's own 5 ms it would wait as long as that each time that another reviewer's page is drawn."""


_AHEAD_SECONDS = 5.0
"""How long after the start the newest decisions are worked out ahead: a first page is there by then."""


class _Open:
    """The one store of this process, while the server runs."""

    store: Store | None = None


def store() -> Store:
    """The store that the running server opened. Raises Refusal when none is open."""
    if _Open.store is None:
        raise Refusal("The studio is not running. Nothing was changed. Start it with `make run`.")
    return _Open.store


def use(opened: Store | None) -> None:
    """Makes `opened` the store of this process (tests that run pages without a server use it, too)."""
    _Open.store = opened


def build_app(
    workspace: Path,
    *,
    url: str = "http://127.0.0.1:8501",
    open_store: Callable[[Path], Store] = Store.open,
    tick: Callable[[Store], object] | None = None,
    ahead: Callable[[Store], object] | None = None,
    new_token: bool = False,
) -> Any:
    """The ASGI app of one workspace: Streamlit's, behind the guard, with our routes beside it.

    Its lifespan opens the store, writes `server.json`, prints the one address on standard output, calls `tick`
    each second in a thread and `ahead` once, a few seconds later, and undoes all that at the end. `new_token` prints a
    sign-in link for another admin.
    """
    configure()
    import streamlit as st

    cookie, token = f"yardstick_{sha256(str(workspace.resolve()))[:8]}", secrets.token_urlsafe(32)

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[dict[str, Any]]:
        opened = await run_in_threadpool(_opened, open_store, workspace)
        use(opened)
        beside = [asyncio.create_task(work) for work in (
            *([_supervise(opened, tick)] if tick else ()), *([_read_ahead(opened, ahead)] if ahead else ()),
        )]  # fmt: skip
        try:
            _write_server_file(workspace, url, token)
            print(_first_address(opened, url, new_token), flush=True)
            yield {}
        finally:
            await _ended(beside)
            (workspace / "server.json").unlink(missing_ok=True)
            use(None)
            opened.close()

    return st.App(
        _ENTRY,
        routes=_routes(cookie, token),
        middleware=[Middleware(Guard, store=store, cookie=cookie, sign_in=sign_in.door), Middleware(Programs)],
        lifespan=lifespan,
        on_script_error=_broken_page,
        secrets=_NO_SECRETS,
    )


def _opened(open_store: Callable[[Path], Store], workspace: Path) -> Store:
    opened = open_store(workspace)
    project_route.sweep(workspace)
    return opened


def _routes(cookie: str, token: str) -> list[BaseRoute]:
    """Ours, beside Streamlit's."""
    doors = sign_in.Doors(store, cookie).routes()
    files = [takeaway_route.route(store), project_route.route(store), paper_route.route(store), typed_route.route()]
    return [*doors, *guide_route.routes(), command_route.route(store, token), share_route.route(store), *files]


def serve(
    workspace: Path,
    host: str = "127.0.0.1",
    port: int = 8501,
    *,
    open_store: Callable[[Path], Store] = Store.open,
    tick: Callable[[Store], object] | None = None,
    ahead: Callable[[Store], object] | None = None,
    new_token: bool = False,
) -> None:
    """Serves until interrupted. Raises Refusal when the port or the workspace cannot be had; nothing is left behind."""
    import uvicorn

    with _bound(workspace, host, port) as listening:
        url = f"http://{_named(host)}:{listening.getsockname()[1]}"
        opened = open_store(workspace)
        try:
            app = build_app(
                workspace, url=url, open_store=lambda _: opened, tick=tick, ahead=ahead, new_token=new_token
            )
        except BaseException:
            opened.close()
            raise
        if host not in ("127.0.0.1", "localhost", "::1"):
            print("Others on this network can reach this address: put it behind HTTPS.", file=sys.stderr)
        server = uvicorn.Server(_settings(app))
        sys.setswitchinterval(_SWITCH_SECONDS)
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listening])
        if not server.started:
            raise SystemExit(3)


def _settings(app: Any) -> uvicorn.Config:
    import uvicorn

    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
        ws_max_size=_MESSAGE_BYTES,
        ws_per_message_deflate=False,
    )


def configure() -> None:
    """Applies the one Streamlit configuration, wherever the studio was started from and however it was installed."""
    from streamlit import config

    settings = tomllib.loads(paths.streamlit_config().read_text(encoding="utf-8"))
    for name, value in _flat(settings):
        config.set_option(name, value)


def _flat(settings: dict[str, Any], before: str = "") -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for name, value in settings.items():
        full = f"{before}{name}"
        nested = isinstance(value, dict) and full != "server.trustedUserHeaders"
        flat += _flat(value, full + ".") if nested else [(full, value)]
    return flat


def _first_address(opened: Store, url: str, new_token: bool) -> str:
    if new_token or not people_rows.admins_exist(opened):
        return f"Yardstick is ready: {url}/sign-in?token={people.new_admin_token(opened)}"
    return f"Yardstick is ready: {url}"


def _write_server_file(workspace: Path, url: str, token: str) -> None:
    content = json.dumps({"url": url, "token": token, "pid": os.getpid()})
    target, fresh = workspace / "server.json", workspace / "server.json.new"
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(content)
    fresh.replace(target)


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Stops what runs beside the pages, and waits until it has stopped."""
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _supervise(opened: Store, tick: Callable[[Store], object]) -> None:
    """Calls `tick` each second. One that fails is reported once per message; the next is called all the same."""
    told = ""
    while True:
        try:
            await run_in_threadpool(tick, opened)
        except Exception as problem:
            if repr(problem) != told:
                told = repr(problem)
                log.exception("Looking after the jobs failed; trying again each second.")
        await asyncio.sleep(1)


async def _read_ahead(opened: Store, ahead: Callable[[Store], object]) -> None:
    """Calls `ahead` once, when the first page has had time to come up."""
    await asyncio.sleep(_AHEAD_SECONDS)
    try:
        await run_in_threadpool(ahead, opened)
    except Exception:
        log.exception("Working out the newest decisions ahead failed; their pages will do it themselves.")


def _broken_page(problem: Exception) -> bool:
    """Says in plain words that a page broke; the details go to the server's log only."""
    import streamlit as st

    if isinstance(problem, Refusal):
        st.warning(str(problem))
        return True
    log.error("A page failed.", exc_info=problem)
    st.error("This page met a fault of ours. What you saved is safe. Reload it; if it fails again, tell your admin.")
    return True


def _bound(workspace: Path, host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=2048)
        # asyncio sets this only on sockets whose protocol is named, which Python's own listening sockets do not do.
        # Without it the second part of an answer waits up to 40 ms until the browser has acknowledged the first.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as problem:
        running = workspace / "server.json"
        if running.is_file():
            url = json.loads(running.read_text(encoding="utf-8")).get("url", "")
            if url.endswith(f":{port}"):
                raise Refusal(
                    f"Yardstick already runs here: open {url}, or stop it first. Nothing was changed."
                ) from None
        raise Refusal(
            f"Port {port} on {host} cannot be used ({problem.strerror or problem}). Nothing was started or changed. "
            f"Stop the other program, or choose another port: `studio serve --port {port + 1}`."
        ) from None


def _named(host: str) -> str:
    if host in ("0.0.0.0", "::"):
        return "localhost"
    return f"[{host}]" if ":" in host else host
