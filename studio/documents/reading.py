"""A document's file as paragraphs: plain text, Markdown, HTML and PDF. Runs in the process that untrusted files get.

Read is what stands there as text. Not read: pictures and scans, what a page builds by script, columns of a PDF in
another order than they were written in, and tables other than as lines of words.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

from studio.documents.cutting import Block, cut
from studio.examples import sandbox
from studio.examples.batch import LIMITS, Limits
from studio.examples.delimited import decode
from studio.records import Piece, Refusal, from_json, to_json

FORMATS = ("txt", "md", "markdown", "html", "htm", "pdf")
MOST_PIECES = 5_000
_SAFE = "Nothing was added and nothing else was affected"
_KNOWN = f"This file is none of those that can be read. {_SAFE}: bring plain text, Markdown, HTML or a PDF."


def read_untrusted(path: Path, name: str, limits: Limits = LIMITS) -> tuple[Piece, ...]:
    """`pieces` in a process of its own. Any failure there is a Refusal here."""
    said = sandbox.apart("document", path, {"name": name}, limits)
    return tuple(from_json(Piece, each) for each in said["pieces"])


def told(path: Path, name: str) -> dict[str, object]:
    """What the process of its own answers with."""
    return {"pieces": to_json(pieces(path.read_bytes(), name))}


def pieces(content: bytes, name: str) -> tuple[Piece, ...]:
    """The passages of a file, by the ending of its `name`. Raises Refusal for what cannot be read well."""
    reader = _READERS.get(name.rpartition(".")[2].lower())
    if reader is None:
        raise Refusal(_KNOWN)
    found = cut(reader(content))
    if not found:
        raise Refusal(f"There are no words in this file. {_SAFE}: a scan must be made text first.")
    if len(found) > MOST_PIECES:
        raise Refusal(f"This document has more than {MOST_PIECES:,} passages. {_SAFE}: bring its parts one by one.")
    return found


def _text(content: bytes) -> str:
    no_text = f"Some bytes of this file are no text. {_SAFE}: save it again as UTF-8."
    try:
        text, _ = decode(content)
    except Refusal as unread:
        raise Refusal(no_text) from unread
    if any("\ud800" <= letter <= "\udfff" for letter in text) or "\0" in text:
        raise Refusal(no_text)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _plain(content: bytes) -> list[Block]:
    return [Block(part.strip()) for part in re.split(r"\n\s*\n", _text(content))]


# -- Markdown ---------------------------------------------------------------------------------------

_HEAD = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
_UNDERLINED = re.compile(r"^(?P<head>[^\s#>|`~*+-].*)\n(?P<line>=+|-{3,})[ \t]*$", re.M)
_FENCE = re.compile(r"^\s*(```|~~~)")


def _markdown(content: bytes) -> list[Block]:
    """By headings and empty lines; what stands between fences is one block."""
    text = _UNDERLINED.sub(lambda m: f"{'#' if m['line'][0] == '=' else '##'} {m['head']}", _text(content))
    under, found, held, fenced = _Headings(), list[Block](), list[str](), False

    def flush() -> None:
        found.append(Block("\n".join(held).strip(), under.path))
        held.clear()

    for line in text.split("\n"):
        head = None if fenced else _HEAD.match(line)
        if _FENCE.match(line):
            fenced = not fenced
        if head:
            flush()
            under.enter(len(head[1]), head[2])
        elif line.strip() or fenced:
            held.append(line)
        else:
            flush()
    flush()
    return found


class _Headings:
    """The headings above a place, the outer first."""

    def __init__(self) -> None:
        self._held: list[tuple[int, str]] = []

    def enter(self, level: int, text: str) -> None:
        self._held = [each for each in self._held if each[0] < level] + [(level, " ".join(text.split()))]

    @property
    def path(self) -> str:
        return " › ".join(text for _, text in self._held if text)


# -- HTML -------------------------------------------------------------------------------------------

_LEFT_OUT = {
    "script", "style", "nav", "noscript", "template", "svg", "head", "iframe", "button", "select", "textarea",
}  # fmt: skip
_APART = {"p", "div", "section", "article", "main", "header", "footer", "aside", "ul", "ol", "dl", "table", "tr",
          "blockquote", "pre", "figure", "figcaption", "dd", "dt", "hr", "details", "summary"}  # fmt: skip
_HEADS = {f"h{level}": level for level in range(1, 7)}


def _html(content: bytes) -> list[Block]:
    page = _Page()
    page.feed(_text(content))
    page.close()
    return page.blocks()


class _Page(HTMLParser):
    """What a page says, without what leads round it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._under, self._found, self._held, self._out = _Headings(), list[Block](), list[str](), list[str]()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if self._out == ["head"] and (tag == "body" or tag in _HEADS or tag in _APART):
            self._out.clear()  # a head need not be closed
        if tag in _LEFT_OUT:
            self._out.append(tag)
        elif tag in _HEADS or tag in _APART:
            self._flush()
        elif tag in ("br", "li"):
            self._held.append("\n" if tag == "br" else "\n- ")
        elif tag in ("td", "th"):
            self._held.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._out:  # a tag that was never closed ends with the one around it
            del self._out[self._out.index(tag) :]
        elif tag in _HEADS and not self._out:
            self._under.enter(_HEADS[tag], "".join(self._held))
            self._held.clear()
        elif tag in _APART:
            self._flush()

    def handle_data(self, data: str) -> None:
        if not self._out:
            self._held.append(re.sub(r"\s+", " ", data))

    def blocks(self) -> list[Block]:
        self._flush()
        return self._found

    def _flush(self) -> None:
        lines = [" ".join(line.split()) for line in "".join(self._held).split("\n")]
        self._found.append(Block("\n".join(line for line in lines if line not in ("", "-")), self._under.path))
        self._held.clear()


# -- PDF --------------------------------------------------------------------------------------------


def _pdf(content: bytes) -> list[Block]:
    """Page by page, the lines of a paragraph joined again."""
    if not content.lstrip().startswith(b"%PDF"):
        raise Refusal(f"This file is called a PDF and is none. {_SAFE}.")
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Refusal(f"This PDF is locked by a password. {_SAFE}: save it without one.")
        pages = [page.extract_text() for page in reader.pages]
    except (PyPdfError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise Refusal(f"This PDF is damaged ({type(error).__name__}). {_SAFE}: save it again.") from error
    if not any(page.strip() for page in pages):
        raise Refusal(f"This PDF holds pictures of text, and no text. {_SAFE}: have the text recognised first (OCR).")
    return [block for number, page in enumerate(pages, start=1) for block in _on_page(page, number)]


def _on_page(text: str, number: int) -> Iterator[Block]:
    sound = text.encode("utf-8", "ignore").decode()
    for part in re.split(r"\n\s*\n", sound):
        joined = re.sub(r"(?<=[a-zß-ÿ])-\n(?=[a-zß-ÿ])", "", part)
        yield Block(" ".join(joined.split()), page=number)


_READERS: dict[str, Callable[[bytes], list[Block]]] = {
    "txt": _plain, "md": _markdown, "markdown": _markdown, "html": _html, "htm": _html, "pdf": _pdf,
}  # fmt: skip
