"""The Decision page's look back: how each gate stood round by round, and two signed decisions side by side."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from studio import decided, signing
from studio.decided import Between, GateHistory, Told
from studio.decision import GateState, Ruling
from studio.store import people
from studio.store import rounds as round_rows
from studio.ui import blocks, earlier_parts
from studio.ui.access import Visit
from studio.ui.sign_in import ROLE_WORDS
from studio.wording import day

_ALL = "decision-history-all"


def show(visit: Visit, ruled: Mapping[str, Ruling]) -> None:
    """Gates over rounds and decisions over time, once there are two to compare. `ruled`: round -> what the page has
    ruled on it already."""
    _gates(visit, ruled)
    _decisions(visit)


# -- gates over rounds -----------------------------------------------------------------------------


def _gates(visit: Visit, ruled: Mapping[str, Ruling]) -> None:
    found = decided.gate_history(visit.store, visit.project_id, ruled)
    if found.left_out and st.session_state.get(_ALL):
        unsigned = [each for each in round_rows.every(visit.store, visit.project_id) if each.id in found.left_out]
        also = {each.id: signing.ruling(visit.store, each) for each in unsigned}
        found = decided.gate_history(visit.store, visit.project_id, {**ruled, **also})
    if len(found.columns) + len(found.left_out) < 2:
        return
    blocks.section(
        "Gates over the rounds",
        "Whether what failed last time is mended. A signed round stands as it was signed, another one as it is ruled "
        "now.",
    )
    if len(found.columns) > 1:
        blocks.lead(found.sentence)
    st.html(_grid(found, earlier_parts.links(visit)))
    if found.left_out or st.session_state.get(_ALL):
        st.toggle("Show the closed rounds that nobody signed, too", key=_ALL)


def _grid(found: GateHistory, links: Mapping[str, blocks.Link]) -> str:
    """Each gate a row, each round a column that leads to it; a state is told by its word and mark, never by colour
    alone."""
    heads = "".join(
        f'<th scope="col">{links[each.round].html}<br>{escape(day(each.at))}<br>{escape(each.arm)}<br>'
        f"{decided.said(each.verdict, each.labels)}{'' if each.signed else ', not signed'}</th>"
        for each in found.columns
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(line.gate)}</th>{"".join(map(_state, line.states))}</tr>' for line in found.lines
    )
    return (
        '<div class="ys-table yr-grid" role="region" tabindex="0" aria-label="Gates over the rounds"><table>'
        "<caption><span>Every gate in every closed round, the newest round on the right</span></caption>"
        f'<thead><tr><th scope="col">Gate</th>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _state(state: GateState | None) -> str:
    kind = state.value if state else "none"
    return f'<td class="ys-words yr-{kind}"><i>{escape(decided.in_words(state))}</i></td>'


# -- decisions over time ---------------------------------------------------------------------------


def _decisions(visit: Visit) -> None:
    told = decided.every(visit.store, visit.project_id)
    if len(told) < 2:
        return
    blocks.section("Two decisions side by side", "What changed from one signature to a later one.")
    rounds = earlier_parts.links(visit)
    titles = {each.id: f"{rounds[each.round].text}, {_title(each)}" for each in told}
    names = list(titles)
    with st.container(horizontal=True):
        first = st.selectbox("From", names, len(names) - 2, format_func=titles.__getitem__, key="decision-from",
                             width=360)  # fmt: skip
        second = st.selectbox("To", names, len(names) - 1, format_func=titles.__getitem__, key="decision-to",
                              width=360)  # fmt: skip
    if first == second:
        blocks.plain("Choose two different decisions.")
        return
    one, other = sorted((names.index(first), names.index(second)))
    with st.container(key="decision-between"):
        _side_by_side(visit, decided.between(told[one], told[other]))


def _title(each: Told) -> str:
    return f"{blocks.when(each.at)}: {decided.said(each.verdict, each.marks)}{', withdrawn' if each.withdrawn else ''}"


def _side_by_side(visit: Visit, found: Between) -> None:
    blocks.lead(found.sentence)
    links, both = earlier_parts.links(visit), (found.before.round, found.after.round)
    heads = [f"{links[each.round].text}, {blocks.when(each.at)}" for each in (found.before, found.after)]
    known = people.names(visit.store)
    who = [_signer(each, known) for each in (found.before, found.after)]
    rows: list[list[blocks.Cell]] = [["Round", *(links[each] for each in both)]]
    rows += [[fact.name, fact.before, fact.after] for fact in found.facts if fact.changed]
    if who[0] != who[1]:
        rows.append(["Signed by", *who])
    if found.before.comment != found.after.comment:
        rows.append(["Comment", found.before.comment or "none", found.after.comment or "none"])
    blocks.table(["What differs", *heads], rows, "Two signed decisions, as they were signed")
    same = [f"{fact.name.lower()}: {fact.before}" for fact in found.facts if not fact.changed]
    same += [f"signed by: {who[0]}"] if who[0] == who[1] else []
    same += [f"comment: {found.before.comment}"] if found.before.comment == found.after.comment != "" else []
    if same:
        blocks.note(f"The same in both: {'; '.join(same)}.")
    if found.gates:
        blocks.table(["Gate", *heads], [[fact.name, fact.before, fact.after] for fact in found.gates],
                     "Gates that stood otherwise")  # fmt: skip


def _signer(each: Told, known: Mapping[str, str]) -> str:
    name = known.get(each.signed_by, each.signed_by)
    return f"{name} ({ROLE_WORDS[each.role]})" if each.role else f"{name} (role not kept then)"
