"""What is half typed when a page is reloaded reaches the server first, where its draft is kept.

Surely so for a reload by the keys; by the browser's button, or when a tab is closed, it may come too late. A browser
that dies, or a phone that drops a page in the background, says nothing before.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

_PATH = "/typed.js"
_FILE = Path(__file__).parent / "assets" / "typed.js"


def route() -> Route:
    """The script; the guard has let in only who is signed in."""
    return Route(_PATH, _give, methods=["GET"])


def script() -> None:
    """Puts it on the page. A file of our own, since the page lets no other script run."""
    st.html(f'<script src="{_PATH}"></script>', unsafe_allow_javascript=True, width="content")


async def _give(_request: Request) -> FileResponse:
    return FileResponse(_FILE, media_type="text/javascript")
