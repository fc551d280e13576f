"""A text as whoever receives it would see it: JSON as a tree, an e-mail with its head, Markdown set.

The raw text is one key away. Nothing of a text is trusted: HTML in it is shown as typed, pictures and links are words
(no page may be made to load something), and what looks like no form in particular is shown as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Any

import streamlit as st
from markdown_it import MarkdownIt

from studio.ui import frame, keys

_HEAD = re.compile(r"(?:(?:From|To|Cc|Subject|Date|Reply-To): ?[^\n]*\n){1,6}\n?", re.IGNORECASE)
_ITEM = r"[ \t]{0,8}(?:[-*+]|\d{1,3}[.)]) \S"
_MARKDOWN = re.compile(rf"^#{{1,6}} \S|^{_ITEM}.*\n{_ITEM}|\*\*[^*\n]+\*\*|^> \S|^```|`[^`\n]+`", re.MULTILINE)
_MOST = 20_000  # characters; a longer text is shown as it is


def form_of(text: str) -> str:
    """ "json", "email", "markdown" or "text": what a text is by its look."""
    if len(text) > _MOST or not text.strip():
        return "text"
    if text.lstrip()[0] in "{[" and _parsed(text) is not None:
        return "json"
    if (head := _HEAD.match(text)) and "subject:" in head.group().lower():
        return "email"
    return "markdown" if _MARKDOWN.search(text) else "text"


def common_form(texts: Sequence[str]) -> str:
    """One form for texts that are compared, so that how they are set favours none: the form that all have, "markdown"
    where some are plain text, else "text"."""
    forms = {form_of(text) for text in texts if text.strip()}
    if len(forms) == 1:
        return forms.pop()
    plain = forms <= {"text", "markdown"} and all(len(text) <= _MOST for text in texts)
    return "markdown" if forms and plain else "text"


def html(text: str, form: str = "") -> str:
    """The text as HTML in the form it has, or in one that it can be read in, everything in it escaped."""
    form = form or form_of(text)
    if form == "json":
        return f'<div class="ys-tree">{_tree(_parsed(text))}</div>'
    if form == "email":
        return _email(text)
    if form == "markdown":
        return f'<div class="ys-set">{_markdown().render(text)}</div>'
    return f"<p>{escape(text)}</p>"


def reading(text: str, label: str, form: str = "") -> None:
    """`frame.reading`, in the form the text has (or `form`), unless the reader asked for the raw text."""
    form = form or form_of(text)
    if st.session_state.get(keys.RAW) or form == "text" or not text.strip():
        frame.reading(text, label)
        return
    st.html(f'<article class="ys-reading"><div class="ys-label">{escape(label)}</div>{html(text, form)}</article>')


def document(text: str) -> None:
    """A document that the studio wrote in Markdown, with its tables, set to be read."""
    st.html(f'<article class="ys-reading ys-document"><div class="ys-set">{_documents().render(text)}</div></article>')


def switch(key: str) -> None:
    """The button, and the key V, that change between what is seen and the raw text."""
    raw = bool(st.session_state.get(keys.RAW))
    label = "Show it as it is seen" if raw else "Show the raw text"
    st.button(label, key=key, shortcut="V", type="tertiary", on_click=_switch)


def _switch() -> None:
    st.session_state[keys.RAW] = not st.session_state.get(keys.RAW)


def _parsed(text: str) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, (dict, list)) else None


def _tree(value: Any, depth: int = 0) -> str:
    """Objects as names with their values, lists as lists; below eight levels as it is written."""
    if depth > 8 or not isinstance(value, (dict, list)):
        said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return f"<span>{escape(said)}</span>"
    if isinstance(value, dict):
        rows = "".join(f"<dt>{escape(str(k))}</dt><dd>{_tree(v, depth + 1)}</dd>" for k, v in value.items())
        return f"<dl>{rows}</dl>" if rows else "<span>{}</span>"
    rows = "".join(f"<li>{_tree(v, depth + 1)}</li>" for v in value)
    return f"<ol>{rows}</ol>" if rows else "<span>[]</span>"


def _email(text: str) -> str:
    head = _HEAD.match(text)
    assert head is not None
    lines = [line.partition(":") for line in head.group().splitlines() if line.strip()]
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(said.strip())}</dd>" for name, _, said in lines)
    body = text[head.end() :]
    inner = _markdown().render(body) if form_of(body) == "markdown" else f"<p>{escape(body)}</p>"
    return f'<dl class="ys-mail-head">{rows}</dl><div class="ys-set">{inner}</div>'


@cache
def _markdown() -> MarkdownIt:
    """CommonMark without HTML, pictures and links: their words and addresses stand as text."""
    return MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(["image", "link", "autolink", "reference"])


@cache
def _documents() -> MarkdownIt:
    """The same, with tables."""
    made = MarkdownIt("commonmark", {"html": False}).enable("table")
    return made.disable(["image", "link", "autolink", "reference"])
