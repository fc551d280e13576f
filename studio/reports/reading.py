"""A paper in Markdown as a page to read in a browser, and to print. Nothing in a paper is run: HTML in it is text."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt

from studio.reports import outside
from studio.wording import unbroken

_STYLE = Path(__file__).parent / "reading.css"


def page(paper: str) -> str:
    """The page of a paper, without the head of YAML that only programs read."""
    body = paper.split("---\n", 2)[2] if paper.startswith("---\n") else paper
    title = next((line.removeprefix("# ") for line in body.splitlines() if line.startswith("# ")), "A paper")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{outside.sheet(_STYLE)}</style></head><body><main>{_parser().render(unbroken(body))}</main>"
        "</body></html>"
    )


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "link", "autolink"])
