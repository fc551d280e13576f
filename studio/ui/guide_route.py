"""`GET /guide/{name}`: the guides of `docs/`, for whoever is signed in. They are our own Markdown, and ship with it."""

from __future__ import annotations

import itertools
import re
from functools import cache
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from studio import paths
from studio.records import Role
from studio.reports import outside
from studio.ui.guard import wanted_page
from studio.wording import unbroken

GUIDES = {
    "designer": "For designers",
    "reviewer": "For reviewers",
    "pm": "For PMs",
    "engineer": "For engineers",
    "numbers": "The numbers explained",
}
"""What the head of each page leads to; further pages of `docs/` are reached by the links in these."""
_OF_ROLE = {Role.designer: "designer", Role.reviewer: "reviewer", Role.pm: "pm", Role.admin: "engineer"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


def address(role: Role, back: str = "/") -> str:
    """Where the guide of a role is to be read; `back`: the page, with its project, that its reader comes from."""
    return f"/guide/{_OF_ROLE[role]}?{urlencode({'back': back})}"


def routes() -> list[BaseRoute]:
    """Pages, their pictures and their style; 404 for any other name. The guard has let in only who is signed in."""
    return [
        Route("/guide/style.css", _style, methods=["GET"]),
        Route("/guide/{name:str}.png", _picture, methods=["GET"]),
        Route("/guide/{name:str}", _page, methods=["GET"]),
    ]


async def _style(_request: Request) -> Response:
    return Response(outside.sheet(Path(__file__).parent / "assets" / "guide.css"), media_type="text/css")


async def _picture(request: Request) -> Response:
    pictures = {each.stem: each for each in (paths.docs_dir() / "screenshots").glob("*.png")}
    found = pictures.get(request.path_params["name"])
    return FileResponse(found, media_type="image/png") if found else _missing()


async def _page(request: Request) -> Response:
    name = request.path_params["name"]
    back = wanted_page(request.query_params.get("back", "/"))
    return HTMLResponse(_leading_back(page(name), back), headers=_HEADERS) if name in _texts() else _missing()


def _leading_back(html: str, back: str) -> str:
    """`html` with its way out leading to `back`, and its ways to other guides keeping that."""
    kept = escape(urlencode({"back": back}))
    html = html.replace('<a href="/">', f'<a href="{escape(back)}">', 1)
    return re.sub(r'<a href="(/guide/[a-z-]+)', rf'<a href="\1?{kept}', html)


def _missing() -> Response:
    return PlainTextResponse("There is no such page. Go back; nothing was lost.", 404)


def _texts() -> dict[str, Path]:
    """Every page there is, by its name."""
    docs = paths.docs_dir()
    return {each.stem: each for each in (*docs.glob("*.md"), *(docs / "guides").glob("*.md"))}


@cache
def page(name: str) -> str:
    """One page as HTML; `name` is that of a file in `docs/` or `docs/guides/`."""
    texts = _texts()
    body = _rendered(texts[name].read_text(encoding="utf-8"), texts)
    title = " ".join(re.findall(r"<h1[^>]*>(.*?)</h1>", body))
    here = ' aria-current="page"'
    ways = "".join(
        f'<li><a href="/guide/{each}"{here if each == name else ""}>{escape(words)}</a></li>'
        for each, words in GUIDES.items()
    )
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{title} - Yardstick</title>"
        '<meta name=viewport content="width=device-width, initial-scale=1"><link rel=icon href="data:,">'
        '<link rel=stylesheet href="/guide/style.css"></head><body><a class=skip href="#text">To the text</a>'
        f'<header><a href="/">Back to the studio</a><nav aria-label=Guides><ul>{ways}</ul></nav></header>'
        f"<main id=text tabindex=-1>{body}</main></body></html>"
    )


def _rendered(text: str, texts: dict[str, Path]) -> str:
    from markdown_it import MarkdownIt  # which the start of the server need not wait for

    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(unbroken(text))
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", _slug(tokens[at + 1].content))
        for inner in token.children or []:
            if inner.type == "image":
                inner.attrSet("src", f"/guide/{Path(str(inner.attrGet('src'))).name}")
            elif inner.type == "link_open":
                inner.attrSet("href", _target(str(inner.attrGet("href")), texts))
    html = str(reader.renderer.render(tokens, reader.options, {}))
    # What is wider than a phone scrolls by itself, by the keyboard too.
    number = itertools.count(1)
    opened = '<div class=wide role=region aria-label="Table {}" tabindex=0><table>'
    html = re.sub("<table>", lambda _: opened.format(next(number)), html)
    html = html.replace("</table>", "</table></div>")
    # A file that is not shipped is named and leads nowhere.
    return re.sub(r'<a href="">(.*?)</a>', r"\1", html, flags=re.DOTALL)


def _target(link: str, texts: dict[str, Path]) -> str:
    """Where a link of a page leads here: another page, a part of this one, or nowhere ("")."""
    file, _, part = link.partition("#")
    if not file:
        return link
    name = Path(file).stem
    return f"/guide/{name}{'#' if part else ''}{part}" if file.endswith(".md") and name in texts else ""


def _slug(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
