"""Contradictions by keyboard: one case at a time, its answers side by side, and what the team has settled.

It runs as a fragment: a decision redraws the case, not the page. The case with the revisions it was read at is in every
button's arguments, so that a key pressed late, or by the second of two people, is refused in words.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import streamlit as st

from studio import contradictions, health, wording
from studio.contradictions import Answer, Case
from studio.records import Example, Status
from studio.store import briefs, people
from studio.store import contradictions as rows
from studio.store import examples as example_rows
from studio.store.contradictions import SettledPair
from studio.ui import blocks, draft_fields, frame, keys, notices
from studio.ui.access import Visit

_MOST_UNLIKE = 0.35
"""The share of common characters under which marking the differences of two texts only adds noise."""
_MOST_SETTLED = 50
_KINDS = {
    "minor": "Minor: it says what approved examples already do",
    "meaning": "It changes what good means: approved examples ask to be looked at again",
}


def count(visit: Visit, report: health.HealthReport) -> int:
    """How many cases are open; those of the report become the list that this person goes through."""
    return len(_open(visit, _listed(visit, report)))


def show(visit: Visit, report: health.HealthReport) -> None:
    """The inbox, and below it what was settled."""
    listed = _listed(visit, report)
    if listed:
        _case(visit, listed)
    else:
        blocks.lead("No two examples contradict each other.")
        blocks.note(
            "Looked for: the same or nearly the same input with different ideal outputs or labels. Two wordings of one "
            "answer count as different. What asks the same in other words is seen once the inputs were read by meaning."
        )
    _settled(visit)


def _listed(visit: Visit, report: health.HealthReport) -> list[list[str]]:
    """What this person goes through: the cases begun with, and those found since."""
    project, before = st.session_state.get(keys.CLASHES) or ["", []]
    kept = before if project == visit.project_id else []
    now = [list(case) for case in contradictions.found(report)]
    listed = [*kept, *(case for case in now if case not in kept)]
    if not now and not _open(visit, listed):
        listed = []  # all done, and seen to be: the next ones start a list of their own
    st.session_state[keys.CLASHES] = [visit.project_id, listed]
    return listed


def _open(visit: Visit, listed: list[list[str]]) -> list[Case]:
    return contradictions.still_open(visit.store, visit.project_id, listed)


def _at() -> dict[str, Any]:
    return dict(st.session_state.get(keys.CLASH_AT) or {"mode": "", "skipped": []})


def _go(**where: Any) -> None:
    st.session_state[keys.CLASH_AT] = {**_at(), "mode": "", **where}


@st.fragment
def _case(visit: Visit, listed: list[list[str]]) -> None:
    left = _open(visit, listed)
    at = _at()
    waiting = [case for case in left if case.key not in at["skipped"]] or left
    _how_far(len(listed), len(left))
    if not waiting:
        notices.show_any()
        blocks.lead("Every contradiction is decided.")
        blocks.note("The score card counts again when you look at the findings. An edited text brings its case back.")
        if visit.may_edit:
            with st.container(key="clash-keys", horizontal=True):
                _undo_button(visit)
        return
    case = waiting[0]
    with st.container(key="clash-item"):
        _asked(case)
        two = len(case.answers) == 2
        columns = st.columns(2, gap="medium") if two else [st.container() for _ in case.answers]
        names = people.names(visit.store)
        for place, (column, answer) in enumerate(zip(columns, case.answers, strict=True)):
            with column.container(border=True, key=f"clash-answer-{place}"):
                _answer(visit, case, place, answer, names)
    write = _MODES.get(at["mode"])
    with st.container(key="clash-form" if write else "clash-bar"):
        notices.show_any()
        if visit.may_edit:
            (write or _buttons)(visit, case)
        else:
            blocks.note("Designers and admins decide which answer is right.")


def _how_far(total: int, left: int) -> None:
    done = total - left
    now = f"<b>Case {done + 1} of {total}</b>" if left else f"<b>{total} of {total}</b>"
    st.html(
        f'<div role="status"><p class="yl-far"><span>{now}</span><span>{done} decided, {left} to go</span></p>'
        f'<div class="yl-bar" aria-hidden="true"><div style="width:{100 * done / total:.1f}%"></div></div></div>'
    )


# -- the case --------------------------------------------------------------------------------------


def _asked(case: Case) -> None:
    """The input, once where it is the same; each of them at its answer where they differ."""
    if case.same_input:
        st.html(f'<p class="yc-over">One input, {len(case.answers)} different answers</p>')
        frame.reading(case.examples[0].prompt.asked, "They wrote")
    else:
        st.html(f'<p class="yc-over">Nearly the same input, {len(case.answers)} different answers</p>')


def _answer(visit: Visit, case: Case, place: int, answer: Answer, names: dict[str, str]) -> None:
    other = case.answers[0 if place else 1]
    head = f'<p class="yc-letter">Answer {_called(case, place)}</p>'
    asked = ""
    if not case.same_input:
        mine, theirs = answer.examples[0].prompt.asked, other.examples[0].prompt.asked
        asked = f'<div class="yc-text yc-asked"><span>They wrote</span><p>{_marked(mine, theirs)}</p></div>'
    text = f'<div class="yc-text"><span>Ideal output</span><p>{_marked(answer.text, other.text)}</p></div>'
    st.html(head + asked + text)
    for example in answer.examples[:3]:
        st.html(f'<p class="yc-who">{escape(_history(visit, example, names))}</p>')
        key = f"clash-open-{place}-{example.id}"
        blocks.way(visit, "examples", "Open this example", key, example=example.id)
    if len(answer.examples) > 3:
        blocks.note(f"And {len(answer.examples) - 3:,} more examples that answer so.")


def _called(case: Case, place: int) -> str:
    """The name of an answer, which is its key: A and B; from three on by number (C is no key of a browser's page)."""
    return "AB"[place] if len(case.answers) == 2 else str(place + 1)


def _marked(text: str, other: str) -> str:
    """The text with what the other lacks marked; plain where the two have little in common."""
    parts = wording.compare(other, text)
    same = sum(len(said) for kind, said in parts if kind == "same")
    if same < _MOST_UNLIKE * max(len(text), len(other)):
        return escape(text)
    shown = (
        f"<mark>{escape(said)}</mark>" if kind == "new" else escape(said) for kind, said in parts if kind != "gone"
    )
    return "".join(shown)


def _history(visit: Visit, example: Example, names: dict[str, str]) -> str:
    """Who wrote this answer and who approved it, when, and in which slice."""
    kept = example_rows.revisions(visit.store, example.id)
    told = [r for r in kept if r.example.ideal == example.ideal] or kept
    written = told[-1]
    said = [f"Written by {names.get(written.actor, 'an import or a command')}, {wording.day(written.at)}"]
    if example.status is Status.approved:
        given = [r for r in kept if r.example.status is Status.approved and r.example.ideal == example.ideal]
        by = wording.all_of([names.get(p, "somebody who left") for p in example.approvals]) if example.approvals else ""
        said.append(f"approved{f' by {by}' if by else ''}{f', {wording.day(given[-1].at)}' if given else ''}")
    else:
        said.append(wording.STATUS_WORDS[example.status].lower())
    if example.slice:
        said.append(f"in {example.slice.replace('_', ' ')}")
    return "; ".join(said) + "."


# -- deciding --------------------------------------------------------------------------------------


def _buttons(visit: Visit, case: Case) -> None:
    with st.container(key="clash-keys", horizontal=True, gap="small"):
        for place in range(len(case.answers)):
            letter = _called(case, place)
            st.button(f"Keep {letter}", key=f"clash-keep-{place}", shortcut=letter, type="primary",
                      on_click=_keep, args=(visit, case, place))  # fmt: skip
        both = "both" if len(case.answers) == 2 else "all"
        for label, mode, key, more in (
            ("Write one", "write", "W", f"One answer for {both}, in your words"),
            ("It depends", "rule", "D", f"{both.capitalize()} are right, each under a condition"),
            ("No contradiction", "apart", "N", f"Keep {both}, and say why"),
        ):
            st.button(label, key=f"clash-{mode}", shortcut=key, help=more, on_click=_mode, args=(mode,))
        st.button("Later", key="clash-later", shortcut="L", type="tertiary", on_click=_later, args=(case,))
        _undo_button(visit)
    kept = "The other is" if len(case.answers) == 2 else "The others are"
    blocks.note(f"{kept} rejected: out of every set, still in the list and in the history.")


def _undo_button(visit: Visit) -> None:
    done = visit.store.recent(visit.project_id, visit.person.id, 1)
    mine = bool(done) and done[0].kind == "contradiction.settled"
    # The act is named here: another tab may have done something else since.
    st.button("Undo", key="clash-undo", shortcut="U", type="tertiary", disabled=not mine, on_click=_undo,
              args=(visit, done[0].seq if mine else 0))  # fmt: skip


def _field(case: Case, name: str) -> str:
    return f"clash-{name}-{case.key[:64]}"


def _write(visit: Visit, case: Case) -> None:
    what = "One example keeps it, the others are rejected." if case.same_input else "Each of these examples gets it."
    draft_fields.area(
        visit, f"The answer for all. {what}", _field(case, "text"), case.answers[0].text, height="content"
    )
    _finish(visit, case, "Save this answer", _written)


def _rule(visit: Visit, case: Case) -> None:
    draft_fields.area(
        visit, "When is which answer right? This becomes a rule of the brief.", _field(case, "rule"),
        placeholder="A when the order is less than 30 days old, B otherwise", height="content",
    )  # fmt: skip
    draft_fields.line(visit, "Name of the rule", _field(case, "name"), placeholder="Refunds by age of the order",
                      max_chars=80)  # fmt: skip
    draft_fields.radio(visit, "What does the new version of the brief do?", _field(case, "kind"), _KINDS)
    _finish(visit, case, "Save the rule, keep both", _ruled)


def _apart(visit: Visit, case: Case) -> None:
    draft_fields.line(visit, "Why is this no contradiction?", _field(case, "why"), max_chars=300,
                      placeholder="Two wordings of the same answer")  # fmt: skip
    _finish(visit, case, "Keep both", _settle_apart)


def _finish(visit: Visit, case: Case, label: str, do: Callable[[Visit, Case], None]) -> None:
    with st.container(key="clash-keys", horizontal=True, gap="small"):
        st.button(label, key="clash-do", type="primary", shortcut="Ctrl+Enter", on_click=do, args=(visit, case))
        st.button("Never mind", key="clash-cancel", type="tertiary", shortcut="Escape", on_click=_mode, args=("",))


_MODES: dict[str, Callable[[Visit, Case], None]] = {"write": _write, "rule": _rule, "apart": _apart}


def _mode(mode: str) -> None:
    _go(mode=mode)


def _later(case: Case) -> None:
    _go(skipped=[*_at()["skipped"], case.key])


def _done(visit: Visit, case: Case, do: Callable[[], None], said: str) -> None:
    def whole() -> bool:
        do()
        return True

    if frame.attempt(whole, f"{said} U takes it back."):
        for name in ("text", "rule", "name", "why"):
            if _field(case, name) in st.session_state:
                draft_fields.forget(visit, _field(case, name))
        draft_fields.saved_as(visit, _field(case, "kind"))
        _go()


def _keep(visit: Visit, case: Case, place: int) -> None:
    do = lambda: contradictions.keep(visit.store, visit.person.id, visit.project_id, case, place)  # noqa: E731
    _done(visit, case, do, f"Answer {_called(case, place)} is kept.")


def _written(visit: Visit, case: Case) -> None:
    text = draft_fields.value(visit, _field(case, "text"))
    do = lambda: contradictions.rewrite(visit.store, visit.person.id, visit.project_id, case, text)  # noqa: E731
    _done(visit, case, do, "One answer now.")


def _ruled(visit: Visit, case: Case) -> None:
    name, rule = (draft_fields.value(visit, _field(case, field)) for field in ("name", "rule"))
    meaning = st.session_state.get(_field(case, "kind")) == "meaning"
    do = lambda: contradictions.both(  # noqa: E731
        visit.store, visit.person.id, visit.project_id, case, name=name, rule=rule, changes_meaning=meaning
    )
    version = briefs.latest(visit.store, visit.project_id)
    number = version.version + 1 if version else 1
    _done(visit, case, do, f"Both stay, and version {number} of the brief says when which is right.")


def _settle_apart(visit: Visit, case: Case) -> None:
    reason = draft_fields.value(visit, _field(case, "why"))
    do = lambda: contradictions.apart(visit.store, visit.person.id, visit.project_id, case, reason)  # noqa: E731
    _done(visit, case, do, "Both stay.")


def _undo(visit: Visit, seq: int) -> None:
    if frame.attempt(lambda: visit.store.undo(seq, visit.person.id), "Taken back: the case is open again."):
        _go(skipped=[])


# -- settled ---------------------------------------------------------------------------------------


def _settled(visit: Visit) -> None:
    found = [pair for pair in rows.settled(visit.store, visit.project_id) if pair.decision != rows.RIGHT]
    if not found:
        return
    title = f"Settled: {blocks.several(len(found), 'pair')} kept side by side"
    with st.expander(title, key="clash-settled"):
        blocks.note("They are not reported while their texts stay as they are. An edit brings a pair back by itself.")
        names = people.names(visit.store)
        for pair in found[:_MOST_SETTLED]:
            _settled_pair(visit, pair, names)
        if len(found) > _MOST_SETTLED:
            blocks.note(f"And {len(found) - _MOST_SETTLED:,} older ones.")


def _settled_pair(visit: Visit, pair: SettledPair, names: dict[str, str]) -> None:
    one = example_rows.get(visit.store, pair.examples[0])
    rule = f" Rule of the brief: “{pair.rule}”." if pair.rule else ""
    who = names.get(pair.person, "somebody who left")
    with st.container(key=f"clash-settled-{pair.pair[:16]}"):
        blocks.item(
            blocks.start_of(one.input, 90) if one else "An example that was removed",
            f"{pair.reason}{'' if pair.reason.endswith('.') else '.'}{rule} {who}, {wording.day(pair.at)}.",
        )
        if visit.may_edit:
            st.button(
                "Open it again", key=f"clash-reopen-{pair.pair[:16]}", type="tertiary", on_click=_reopen,
                args=(visit, pair),
            )  # fmt: skip


def _reopen(visit: Visit, pair: SettledPair) -> None:
    def do() -> bool:
        contradictions.reopen(visit.store, visit.person.id, visit.project_id, [pair.pair])
        return True

    frame.attempt(do, "The case is open again." + (" Its rule stays in the brief." if pair.rule else ""))
