"""Further pieces of a page, beside the frame's: tables, differences, the rules an answer broke, ways to other pages.

As in the frame, everything a person or a model wrote is escaped here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import streamlit as st

from studio import paths, wording
from studio.ui import frame
from studio.ui.access import PAGE_ROLES, Visit
from studio.wording import in_html, several, unbroken, when

__all__ = ["several", "when"]  # what is used with these pieces everywhere

_LOOK = Path(__file__).parent / "assets" / "blocks.css"


def look() -> None:
    """The style of these pieces; sent once a page."""
    st.html(_LOOK)


def percent(share: float, beside: float | None = None) -> str:
    """A share as it is written everywhere, also for what Streamlit or a chart draws: no line ends before its "%"."""
    return unbroken(wording.percent(share, beside))


def between(interval: tuple[float, float]) -> str:
    """An interval of a share, likewise."""
    return unbroken(wording.between(interval))


def undo(visit: Visit) -> None:
    """The undo bar, close under the head of the page."""
    with st.container(key="ys-undo-row"):
        frame.undo_bar(visit)


def section(title: str, text: str = "") -> None:
    """The head of a part of a page, with a sentence of explanation."""
    said = f"<p>{in_html(text)}</p>" if text else ""
    st.html(f'<div class="ys-section" id="{_anchor(title)}"><h2>{in_html(title)}</h2>{said}</div>')


def contents(titles: Sequence[str]) -> None:
    """Links to the sections of a long page; `titles` are those given to `section`, which must be on the page."""
    links = "".join(f'<li><a href="#{_anchor(title)}">{in_html(title)}</a></li>' for title in titles)
    st.html(f'<nav class="ys-contents" aria-label="On this page"><ul>{links}</ul></nav>')


def _anchor(title: str) -> str:
    return "part-" + re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def item(title: str, text: str = "", mark: str = "") -> None:
    """One thing in a list: its name, what there is to say, and a short word for its state (`mark`)."""
    marked = f"<i>{in_html(mark)}</i>" if mark else ""
    said = f"<p>{in_html(text)}</p>" if text else ""
    st.html(f'<div class="ys-item"><h3>{in_html(title)}{marked}</h3>{said}</div>')


def facts(told: dict[str, str]) -> None:
    """Names and values, set to be read and compared."""
    items = "".join(f"<dt>{in_html(k)}</dt><dd>{in_html(v)}</dd>" for k, v in told.items())
    st.html(f'<dl class="yr-facts">{items}</dl>')


def lead(sentence: str) -> None:
    """The one sentence that a reader may take away from a page."""
    st.html(f'<p class="ys-say">{in_html(sentence)}</p>')


def plain(text: str) -> None:
    """A sentence or two in the reading width."""
    st.html(f'<p class="ys-plain">{in_html(text)}</p>')


def note(text: str) -> None:
    """A quiet remark in the reading width."""
    st.html(f'<p class="ys-note ys-measure">{in_html(text)}</p>')


def tally(counts: Sequence[tuple[int, str]]) -> None:
    """A few counts in words, side by side: (2, "to fix")."""
    said = "".join(f"<li><b>{count:,}</b> {in_html(words)}</li>" for count, words in counts)
    st.html(f'<ul class="ys-tally">{said}</ul>')


@dataclass(frozen=True)
class Link:
    """A text that leads to `address`, an address in this studio; `label` says the same to those who only hear it."""

    text: str
    address: str
    label: str

    @property
    def html(self) -> str:
        name = escape(f"{self.text}: {self.label}")
        return f'<a class="ys-way" href="{escape(self.address)}" aria-label="{name}">{in_html(self.text)}</a>'


Cell = str | Link


def table(headers: Sequence[str], rows: Iterable[Sequence[Cell]], caption: str) -> None:
    """A table to read (first column: row heads). It scrolls sideways on a phone, and by the keyboard."""
    rows = [list(row) for row in rows]
    kinds = [_aligned([row[at] for row in rows]) for at in range(len(headers))]
    head = "".join(f'<th scope="col"{kind}>{in_html(h)}</th>' for h, kind in zip(headers, kinds, strict=True))
    body = "".join(
        f'<tr><th scope="row">{_cell(row[0])}</th>'
        + "".join(f"<td{kind}>{_cell(cell)}</td>" for cell, kind in zip(row[1:], kinds[1:], strict=True))
        + "</tr>"
        for row in rows
    )
    st.html(
        f'<div class="ys-table" role="region" tabindex="0" aria-label="{escape(caption)}"><table>'
        f"<caption><span>{in_html(caption)}</span></caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(cell: Cell) -> str:
    return cell.html if isinstance(cell, Link) else in_html(cell)


def _aligned(cells: Sequence[Cell]) -> str:
    """Columns of figures stand to the right, columns of words to the left."""
    texts = [cell.text if isinstance(cell, Link) else cell for cell in cells]
    return "" if all(text.lstrip("+\N{MINUS SIGN}")[:1].isdigit() for text in texts) else ' class="ys-words"'


def bullets(sentences: Sequence[str]) -> None:
    """Sentences as a list."""
    items = "".join(f"<li>{in_html(each)}</li>" for each in sentences)
    st.html(f'<ul class="ys-bullets">{items}</ul>')


def fingerprint(sha: str) -> None:
    """The start of a content hash, with the whole of it on pointing."""
    st.html(
        f'<p class="ys-note">Fingerprint <span title="{escape(sha)}">{escape(sha[:12])}</span></p>', width="content"
    )


def excerpt(text: str, limit: int = 180) -> None:
    """The start of something written, on a few lines."""
    st.html(f'<p class="ys-excerpt">{escape(start_of(text, limit)) or "<em>Nothing is written here.</em>"}</p>')


def rules(broken: Sequence[str], told: int) -> None:
    """Under an answer: which of the `told` rules that a machine can check it broke."""
    if not told:
        st.html('<p class="ys-rules">No rule that a machine can check applies here.</p>')
    elif not broken:
        st.html(f'<p class="ys-rules ys-kept">Keeps {"the rule" if told == 1 else f"all {told} rules"}</p>')
    else:
        items = "".join(f"<li>{escape(name)}</li>" for name in broken)
        st.html(f'<div class="ys-rules"><b>Breaks {len(broken)} of {told}</b><ul>{items}</ul></div>')


def cites(exist: Sequence[int], missing: Sequence[int], given: int) -> None:
    """Under an answer that was given passages: which it cites, and which numbers no passage has."""
    said = f"Cites {_numbers(exist)} of {several(given, 'passage')}" if exist else "Cites no passage that it was given"
    st.html(f'<p class="ys-rules{" ys-kept" if exist else ""}">{said}</p>')
    if missing:
        was = "was" if len(missing) == 1 else "were"
        st.html(f'<p class="ys-rules"><b>Cites {_numbers(missing)}, which {was} not given</b></p>')


def _numbers(found: Sequence[int]) -> str:
    return ", ".join(f"[{number}]" for number in found)


def scale(levels: Sequence[str]) -> None:
    """What each level of a scale looks like, for those who judge by it; `levels` from the lowest."""
    if levels:
        st.html(scale_html(levels))


def scale_html(levels: Sequence[str]) -> str:
    """The levels of a scale, the best first; "" for none."""
    ranked = list(enumerate(levels, start=1))[::-1]
    rows = "".join(f"<li><b>{level}</b><span>{escape(text)}</span></li>" for level, text in ranked)
    return f'<ol class="ys-scale" aria-label="Levels, the best first">{rows}</ol>' if rows else ""


def difference(before: str, after: str, label: str = "") -> None:
    """What changed from `before` to `after`, word by word; taken out and put in are marked as such."""
    head = f'<div class="ys-label">{escape(label)}</div>' if label else ""
    tags = {"same": "{}", "gone": "<del>{}</del>", "new": "<ins>{}</ins>"}
    parts = [tags[kind].format(escape(text)) for kind, text in wording.compare(before, after)]
    st.html(f'<article class="ys-reading ys-difference">{head}<p>{"".join(parts)}</p></article>')


def way(visit: Visit, step: str, label: str, key: str, **query: str) -> None:
    """A link to another page of the loop, in this project; nothing for those who may not open it."""
    target = paths.pages_dir() / f"{step}.py"
    if visit.person.role in PAGE_ROLES[step].see and target.is_file():
        with st.container(key=key):
            wanted = {"project": visit.project_id, **query}
            st.page_link(
                target, label=label, icon=":material/arrow_forward:", icon_position="right", query_params=wanted
            )


def start_of(text: str, limit: int = 140) -> str:
    """The start of a text on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else f"{flat[: limit - 1].rstrip()}…"
