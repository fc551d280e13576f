"""The pieces of the brief's and the examples' pages: a project in a list, a criterion to read, an entry to skim.

As in the frame, everything a person or a model wrote is escaped here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import streamlit as st

from studio import wording
from studio.brief import TEXTS
from studio.loop import LoopStep
from studio.records import Brief, Criterion, Example, Slice
from studio.ui import blocks, frame

_LOOK = Path(__file__).parent / "assets" / "writing.css"
STATUS_WORDS = wording.STATUS_WORDS


def look() -> None:
    """The style of these pieces and of the blocks; sent once a page."""
    blocks.look()
    st.html(_LOOK)


def project(name: str, steps: Sequence[LoopStep], about: Sequence[str], stale: Sequence[str]) -> None:
    """A project in a list: its name, where it stands, what is said `about` it, and the first of what is stale."""
    done = sum(step.state == "done" for step in steps)
    following = next((step for step in steps if step.state == "current"), None)
    now = f"next: <b>{escape(frame.short(following.name))}</b>, {escape(following.note)}" if following else "all done"
    strip = "".join(f'<li class="ys-{step.state}">{escape(frame.short(step.name))}</li>' for step in steps)
    more = f" And {len(stale) - 1} more." if len(stale) > 1 else ""
    older = f'<p class="ys-older">Out of date: {escape(stale[0])}{more}</p>' if stale else ""
    st.html(
        f'<div class="ys-project"><h2>{escape(name)}</h2><p>{done} of {len(steps)} steps done; {now}</p>'
        f'<ol class="ys-strip">{strip}</ol><p class="ys-about">{escape("; ".join(about))}</p>{older}</div>'
    )


def card(title: str, text: str) -> None:
    st.html(f'<div class="ys-card"><h3>{escape(title)}</h3><p>{escape(text)}</p></div>')


def brief(found: Brief, names: Mapping[str, str]) -> None:
    """A whole brief, set to be read on one page. `names`: person id -> name."""
    said = [(title, getattr(found, name)) for name, title in TEXTS.items() if name != "task" and getattr(found, name)]
    facts = "".join(f"<dt>{escape(title)}</dt><dd>{escape(text)}</dd>" for title, text in said)
    rules = "".join(_rule(i, c) for i, c in enumerate(found.criteria, start=1))
    slices = "".join(_slice(s, names) for s in found.slices)
    st.html(
        f'<article class="ys-doc"><p class="ys-task">{escape(found.task)}</p><dl>{facts}</dl>'
        + (f"<h2>What good looks like</h2>{rules}" if rules else "")
        + (f"<h2>Kinds of input</h2>{slices}" if slices else "")
        + "</article>"
    )


def _rule(number: int, found: Criterion) -> str:
    why = f'<p class="ys-why">{escape(found.why)}</p>' if found.why else ""
    tell = f"<p>{escape(found.how_to_tell)}</p>" if found.how_to_tell else ""
    pair = "".join(
        f'<div class="ys-{name}"><b>{title}</b><p>{escape(text)}</p></div>'
        for name, title, text in (("good", "Good", found.good), ("bad", "Not good", found.bad))
        if text
    )
    return (
        f'<section class="ys-rule"><h3><span>{number}</span>{escape(found.name)}</h3>{tell}{why}'
        + (f'<div class="ys-pair">{pair}</div>' if pair else "")
        + _checks(found)
        + "</section>"
    )


def _checks(found: Criterion) -> str:
    items = [f"Applies to {wording.all_of(list(found.slices))} only."] if found.slices else []
    items += [f"A machine checks that the output {wording.check_in_words(check)}." for check in found.checks]
    if found.target:
        items.append(f"To ship, at least {blocks.percent(found.target)} of the test answers must keep it (gate).")
    if not found.checks:
        how = "" if found.scale else ", by yes or no"
        items.append(f"Only people can tell{how}; it is judged in the blind round.")
    return (
        blocks.scale_html(found.scale)
        + f'<ul class="ys-checks">{"".join(f"<li>{wording.in_html(item)}</li>" for item in items)}</ul>'
    )


def _slice(found: Slice, names: Mapping[str, str]) -> str:
    share = f"{found.target_share * 100:.3g} % of the examples" if found.target_share else "No target share"
    more = f"{share}. Critical: it must not get worse." if found.critical else f"{share}."
    if found.second_approval:
        by = wording.any_of([names.get(e, "somebody who left") for e in found.experts])
        more += f" Two people approve it{f', one of them {by}' if found.experts else ''}."
    return (
        f'<div class="ys-slice"><b>{escape(found.name)}</b>'
        f"<p>{escape(found.meaning) or 'Not described yet.'}<span>{wording.in_html(more)}</span></p></div>"
    )


def criterion_head(number: int, name: str, how_to_tell: str) -> None:
    """A criterion that is not open, in the form."""
    told = f"<p>{escape(how_to_tell)}</p>" if how_to_tell.strip() else ""
    title = escape(name.strip()) or "<em>Without a name yet</em>"
    st.html(f'<div class="ys-rule" style="margin:0"><h3><span>{number}</span>{title}</h3>{told}</div>')


def told(kept: bool | None, why_none: str) -> None:
    """What the checks of one criterion say of an output."""
    if kept is None:
        st.html(f'<p class="ys-told" role="status">Cannot tell <span>{escape(why_none)}</span></p>')
    else:
        word, name = ("Kept", "kept") if kept else ("Broken", "broken")
        st.html(f'<p class="ys-told ys-{name}" role="status">{word}</p>')


def verdicts(answers: Sequence[tuple[str, bool | None, str]]) -> None:
    """(criterion, kept?, a remark) for each criterion of the brief."""
    words = {True: ("Kept", "kept"), False: ("Broken", "broken"), None: ("–", "none")}
    items = []
    for name, kept, remark in answers:
        more = f"<span>{escape(remark)}</span>" if remark else ""
        items.append(f'<li class="ys-{words[kept][1]}"><b>{words[kept][0]}</b><div>{escape(name)}{more}</div></li>')
    st.html(f'<div role="status"><ul class="ys-verdicts">{"".join(items)}</ul></div>')


def entry(found: Example) -> None:
    """An example in a list: last input and ideal output, two lines each, and where it stands. Of a conversation also
    how long it is and what it began with."""
    answer = escape(found.ideal[:400]) or "<em>No ideal output yet</em>"
    facts = [f'<b class="ys-{found.status.value}">{STATUS_WORDS[found.status]}</b>']
    facts += [escape(fact) for fact in (found.slice, *found.kinds, found.split.value if found.split else "") if fact]
    before = ""
    if found.earlier:
        began = " ".join(found.earlier[0].text.split())[:200]
        before = f'<p class="ys-before">Conversation of {len(found.earlier) + 1} turns, from “{escape(began)}”</p>'
    st.html(
        f'<div class="ys-entry">{before}<p class="ys-asked">{escape(found.input[:400])}</p>'
        f'<p class="ys-answer">{answer}</p>'
        f'<p class="ys-facts">{" · ".join(facts)}</p></div>'
    )
