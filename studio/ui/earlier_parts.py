"""Which round the Decision page is about: the one its address names, else the newest; and the way to the others."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st

from studio import decided
from studio.decision import Ruling
from studio.records import Round
from studio.review import numbered
from studio.review.numbered import Numbered
from studio.store import decisions
from studio.store.decisions import Decision
from studio.ui import blocks, frame
from studio.ui.access import Visit
from studio.wording import day, in_html

_ROUND = "round"  # in the address: a round's id


def chosen(visit: Visit) -> Numbered | None:
    """The round that the address names, else the newest; None without one."""
    return numbered.asked(numbered.every(visit.store, visit.project_id), st.query_params.get(_ROUND, ""))


def put_right(shown: Numbered | None) -> None:
    """Of an address that names no round of this project, says so, and takes the name out of it."""
    wanted = st.query_params.get(_ROUND, "")
    if wanted and (shown is None or shown.round.id != wanted):
        del st.query_params[_ROUND]
        frame.warnings(["The round in this address is not one of this project’s, or it was cancelled. Here is the "
                        "newest."])  # fmt: skip


def address(visit: Visit, more: Mapping[str, str]) -> str:
    """The Decision page of the round that this address names; `more`: what else stands in it."""
    return _address(visit, st.query_params.get(_ROUND, ""), more)


def _address(visit: Visit, name: str, more: Mapping[str, str]) -> str:
    told = {"project": visit.project_id, _ROUND: name, **more}
    return "?" + urlencode({key: value for key, value in told.items() if value})


def link(visit: Visit, each: Numbered) -> blocks.Link:
    """A round's name as the way to its verdict; to the newest without naming it, so that the address stays its own."""
    name = "" if each.newest else each.round.id
    return blocks.Link(each.name, _address(visit, name, {}), "its verdict and the evidence")


def links(visit: Visit) -> dict[str, blocks.Link]:
    """Of every closed round its id and the way to it, the newest first."""
    told = numbered.every(visit.store, visit.project_id)
    return {each.round.id: link(visit, each) for each in told if each.round.state == "closed"}


def marks(visit: Visit, found: Round) -> list[str]:
    """What must stand on all that is shown of a round which is not the newest."""
    shown = numbered.asked(numbered.every(visit.store, visit.project_id), found.id)
    return [f"{shown.name}, an earlier one"] if shown and not shown.newest else []


def head(visit: Visit, shown: Numbered, ruled: Mapping[str, Ruling]) -> None:
    """The project's rounds to choose from, once there are two; over an earlier one, what that means. `ruled`: round ->
    what the page has ruled on it."""
    told = numbered.every(visit.store, visit.project_id)
    if len(told) < 2:
        return
    signed = {each.round: each for each in reversed(decisions.every(visit.store, visit.project_id))
              if not each.withdrawn}  # fmt: skip
    items = "".join(_choice(visit, each, shown, signed.get(each.round.id), ruled) for each in told)
    st.html(f'<nav class="yr-rounds" aria-label="Rounds of this project"><ul>{items}</ul></nav>')
    if not shown.newest:
        _banner(visit, shown, told[0], signed.get(shown.round.id))


def _choice(
    visit: Visit, each: Numbered, shown: Numbered, signed: Decision | None, ruled: Mapping[str, Ruling]
) -> str:  # fmt: skip
    here = each.round.id == shown.round.id
    name = f"<b>{each.name}</b>" if here else link(visit, each).html
    newest = " (newest)" if each.newest else ""
    said = in_html(f"{day(each.round.at)} · {_stands(each.round, signed, ruled)}")
    current = ' aria-current="page"' if here else ""
    return f"<li{current}>{name}{newest}<span> · {said}</span></li>"


def _stands(found: Round, signed: Decision | None, ruled: Mapping[str, Ruling]) -> str:
    if found.state == "open":
        return "votes are coming in"
    if signed:
        return f"signed: {_words(signed)}"
    if found.id not in ruled:
        return "not signed"
    now = ruled[found.id]
    return (
        f"{decided.said(now.verdict, [word for key, word in decided.LABELS.items() if getattr(now, key)])}, not signed"
    )


def _words(signed: Decision) -> str:
    marks = decided.marks(decided.labels(signed.body), signed.body.get("override", ""))
    return decided.said(signed.verdict, marks)


def _banner(visit: Visit, shown: Numbered, newest: Numbered, signed: Decision | None) -> None:
    """What an earlier round is, how its verdict stands beside the one that was signed, and what can be done here."""
    stood = f", signed on {day(signed.at)} as {_words(signed)}." if signed else ", and no signature stands on it."
    now = "Below is what its rule says of its votes today; a newer brief, set or answer can have made it stale."
    may = "Read it, comment on it, take its files away. Only the newest can be signed:"
    st.html(
        f'<aside class="ys-warning" role="note"><p><b>{shown.name} is an earlier round</b>{in_html(stood)} {now} {may} '
        f"{link(visit, newest).html}.</p></aside>"
    )
