"""Streamlit's programs for the browser, compressed once and kept.

Streamlit sends them as they are, since to compress them anew for everybody would cost the server more than it saves. A
first visit is nine megabytes then, which somebody far from the server waits for.
"""

from __future__ import annotations

import dataclasses
import gzip
from functools import cache
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

_LEAST = 1000  # bytes: what is shorter fits one packet as it is
_TYPES = {"js": "text/javascript", "css": "text/css"}  # folder -> what lies in it
_HEADERS = {
    "Cache-Control": "public, immutable, max-age=31536000",  # each name bears a hash of its content
    "Vary": "Accept-Encoding",
}


@dataclasses.dataclass(frozen=True)
class Programs:
    """Wraps `app`, behind the guard, and answers for `/static/js/` and `/static/css/` of the installed Streamlit."""

    app: ASGIApp
    kept: dict[str, bytes] = dataclasses.field(default_factory=dict)
    """Path -> the file, compressed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        file = _files().get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        answer = self.app if file is None else self._answer(scope["path"], file, Headers(scope=scope))
        await answer(scope, receive, send)

    def _answer(self, path: str, file: Path, headers: Headers) -> Response:
        """Nobody waits for the compressing: whoever asks for a program first gets it as it is."""
        media, wanted = _TYPES[file.parent.name], "gzip" in headers.get("accept-encoding", "")
        if wanted and path in self.kept:
            return Response(self.kept[path], headers={**_HEADERS, "Content-Encoding": "gzip"}, media_type=media)
        later = BackgroundTask(self._compress, path, file) if wanted else None
        return FileResponse(file, headers=_HEADERS, media_type=media, background=later)

    def _compress(self, path: str, file: Path) -> None:
        if path not in self.kept and file.stat().st_size >= _LEAST:
            self.kept[path] = gzip.compress(file.read_bytes(), 6)


@cache
def _files() -> dict[str, Path]:
    """Path -> file."""
    import streamlit

    static = Path(streamlit.__file__).parent / "static" / "static"
    return {f"/static/{kind}/{each.name}": each for kind in _TYPES for each in (static / kind).iterdir()}
