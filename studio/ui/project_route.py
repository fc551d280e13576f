"""`GET /project-file/{project}`: a whole project as one file, made when it is asked for and not kept: what a server
that was killed meanwhile left of one is swept away when the next one starts.

The file says which arm wrote what, so whoever takes it counts as having read that: their later votes stay outside.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from studio import outputs, project_file
from studio.project_file.form import MANIFEST
from studio.records import Refusal
from studio.store import Store, arms, datasets, now

PATH = "/project-file/"
_FOLDER, _BEGIN, _END = "going-out", "project-", ".zip"
_BEFORE = re.compile(r"project-(?=\w*\d)(?=\w*[a-z_])[a-z0-9_]{8}\.zip(\.partial)?")
"""What such a file was called when it lay in the workspace itself; chance drew the eight characters."""
_OLD = 24 * 3600  # seconds: nobody is still being sent it
_ENTRY = b"PK\x03\x04"


def address(project: str, *, models: bool) -> str:
    """Where the file is to be had, in this studio."""
    return f"{PATH}{project}" + ("?models=1" if models else "")


def sweep(workspace: Path) -> None:
    """Takes away the files that were never sent. For a server that starts, as long as it alone has the workspace."""
    for left in (workspace / _FOLDER).glob(f"{_BEGIN}*{_END}*"):
        left.unlink(missing_ok=True)
    for left in workspace.glob(f"{_BEGIN}*{_END}*"):
        with suppress(OSError):  # what cannot be read or taken away is no reason not to start
            if _BEFORE.fullmatch(left.name) and _left_behind(left):
                left.unlink(missing_ok=True)


def _left_behind(path: Path) -> bool:
    """Whether it is a file of its own, a day old, and empty or begun as a project's file is: with what tells of it."""
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode) or time.time() - found.st_mtime < _OLD:
        return False
    with path.open("rb") as file:
        head = file.read(30 + len(MANIFEST))  # of a zip: 30 bytes about its first entry, then that one's name
    return not head or (head.startswith(_ENTRY) and head[30:] == MANIFEST.encode())


def route(store: Callable[[], Store]) -> BaseRoute:
    """The route. The guard has let in only who is signed in; 403 for another role, 409 with why not."""

    async def take(request: Request) -> Response:
        from studio.ui.access import PAGE_ROLES  # which itself needs the server that has this route

        person = request.scope["yardstick"]
        if person.role not in PAGE_ROLES["home"].edit:
            return PlainTextResponse("A project is taken along by those who work on it.", 403)
        project, models = request.path_params["project"], request.query_params.get("models") == "1"
        folder = store().workspace / _FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=_BEGIN, suffix=_END, dir=folder)
        os.close(handle)
        path = Path(name)
        try:
            await run_in_threadpool(project_file.write, store(), project, path, models=models)
            await run_in_threadpool(_note, store(), person.id, project)
        except Refusal as refusal:
            path.unlink(missing_ok=True)
            return PlainTextResponse(str(refusal), 409)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        title = f"{re.sub(r'[^a-z0-9-]+', '-', project)}-{now()[:10]}.zip"
        headers = {"Cache-Control": "no-store"}
        gone = BackgroundTask(path.unlink, missing_ok=True)
        return FileResponse(path, filename=title, media_type="application/zip", headers=headers, background=gone)

    return Route(f"{PATH}{{project}}", take, methods=["GET"])


def _note(store: Store, person: str, project: str) -> None:
    answered = [each.id for each in datasets.every(store, project, discarded=True) if arms.answered(store, each.id)]
    if answered:
        outputs.saw_tests(store, person, project, answered[0])
