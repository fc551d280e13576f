"""What people said in a queue: whether they agree, what they split on and a designer's word on it, and what is left."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studio.examples import labelling, outcome, pace
from studio.examples.coverage import usual_goal
from studio.examples.pace import Together
from studio.health.checks import MINIMUM
from studio.records import Brief, Example
from studio.store import briefs, labels, people
from studio.store import examples as rows
from studio.store.labels import Answer, Label, Queue
from studio.ui import as_seen, blocks, brief_write, conversation, draft_fields, form_fields, frame, keys
from studio.ui.access import Visit

_SAID = {Answer.approve: "approved it", Answer.reject: "rejected it", Answer.edit: "rewrote it",
         Answer.skip: "could not tell"}  # fmt: skip
_SHOWN = 10


def show(visit: Visit, found: Queue) -> None:
    given, asked = labels.every(visit.store, found.id), labels.shared_out(visit.store, found.id)
    told = pace.together(labels.heard(visit.store, found.id), asked)
    _agreement(visit, told)
    _divided(visit, found, given)
    _people(visit, found, given)
    _forecast(visit)


def _agreement(visit: Visit, told: Together) -> None:
    said = "Counted are examples that everybody asked has answered, with what each said before seeing the others."
    blocks.section("Do people agree?", said)
    if not told.items:
        blocks.plain(told.sentence)
        return
    share, between = blocks.percent(told.agreed / told.items), (told.interval.low, told.interval.high)
    frame.figure(share, f"95 % interval {blocks.between(between)}", told.items, told.sentence)
    alpha, ac1 = told.beyond.alpha_nominal, told.beyond.ac1
    if alpha is not None and ac1 is not None:
        blocks.note(
            f"Beyond luck: Krippendorff's alpha {alpha:.2f}, Gwet's AC1 {ac1:.2f}. Both say how much more often people "
            "agree than if each had guessed (1: always, 0: no more than by luck). Alpha guesses in the shares in which "
            "the answers were given, so it drops when nearly all are the same; AC1 does not, so read it then. From "
            f"{pace.GOOD} on a rule can be relied on."
        )
    if told.named:
        named = [f"“{name}” is named {blocks.several(n, 'time')}" for name, n in told.named[:3]]
        blocks.plain(f"Where they split, {'; '.join(named)}. Sharpen this rule?")
        _sharpen(visit, [name for name, _ in told.named[:3]], "label-sharpen")


def _sharpen(visit: Visit, named: Sequence[str], key: str) -> None:
    """Ways to those of the named rules that the brief still has."""
    brief = briefs.latest(visit.store, visit.project_id) or Brief()
    there = {criterion.name for criterion in brief.criteria}
    with st.container(key=key, horizontal=True, gap="medium"):
        for n, name in enumerate(name for name in dict.fromkeys(named) if name in there):
            brief_write.way_to_rule(visit, name, f"{key}-{n}")


# -- what they split on ----------------------------------------------------------------------------


def _divided(visit: Visit, found: Queue, given: list[Label]) -> None:
    settled = labels.settled(visit.store, found.id)
    by_item: dict[str, list[Label]] = {}
    for label in given:
        by_item.setdefault(label.example, []).append(label)
    shared = labels.shared_out(visit.store, found.id)
    waiting = rows.listed(visit.store, [
        item for item, said in by_item.items()
        if item not in settled and len(said) == shared.get(item, 1)
        and outcome.of(said, []).standing is outcome.Standing.divided
    ])  # fmt: skip
    done = f" {blocks.several(len(settled), 'item')} settled so far." if settled else ""
    blocks.section("To settle", f"People split on these, or nobody could tell: your word decides.{done}")
    if not waiting:
        blocks.note("Nothing waits for you.")
    if waiting:
        labelling.saw(visit.store, found, visit.person.id)
    for item in waiting[:_SHOWN]:
        example = rows.get(visit.store, item)
        if example is not None:
            _one(visit, found, example, by_item[item], by_key=item == waiting[0])
    if len(waiting) > _SHOWN:
        blocks.note(f"And {len(waiting) - _SHOWN:,} more, once these are settled.")


def _one(visit: Visit, found: Queue, example: Example, said: list[Label], *, by_key: bool) -> None:
    """`by_key`: this item, the first, is settled by keys, too."""
    names = people.names(visit.store)
    with st.container(key=f"label-split-{example.id}"):
        conversation.shown(example.prompt, "Input")
        as_seen.reading(example.ideal, "Ideal output")
        for label in said:
            who, why = names.get(label.person, "Somebody who left"), f": {label.criterion}" if label.criterion else ""
            blocks.item(f"{who} {_SAID[label.decision]}{why}", label.note)
            if label.ideal:
                blocks.difference(example.ideal, label.ideal)
        if not visit.may_edit:
            return
        _sharpen(visit, [label.criterion for label in said if label.criterion], f"label-rules-{example.id}")
        if st.session_state.get(keys.SETTLING) == example.id:
            _third(visit, found, example)
        else:
            _settling(visit, found, example, [label for label in said if label.ideal], by_key=by_key)


def _settling(visit: Visit, found: Queue, example: Example, rewritten: Sequence[Label], *, by_key: bool) -> None:
    """The decisions there are: what stands, one of the versions people wrote, or one more."""
    names, shortcut = people.names(visit.store), (lambda key: key) if by_key else (lambda _: None)
    with st.container(horizontal=True, gap="small"):
        for answer, words, key in ((Answer.approve, "Approve as it is", "A"), (Answer.reject, "Reject", "X")):
            st.button(words, key=f"label-settle-{answer.value}-{example.id}", on_click=_settle,
                      shortcut=shortcut(key), args=(visit, found, example.id, answer))  # fmt: skip
        for n, label in enumerate(rewritten, start=1):
            whose = f"{names[label.person]}'s" if label.person in names else "their"
            st.button(form_fields.plain(f"Take {whose} version"), on_click=_settle,
                      key=f"label-settle-{label.person}-{example.id}", shortcut=shortcut(str(n)) if n < 10 else None,
                      args=(visit, found, example.id, Answer.edit, label.ideal))  # fmt: skip
        st.button("Write another", key=f"label-settle-write-{example.id}", shortcut=shortcut("E"), on_click=_write,
                  args=(example.id,))  # fmt: skip


def _third(visit: Visit, found: Queue, example: Example) -> None:
    """The settler's own version, which is kept as it is written."""
    field = _field(found, example.id)
    draft_fields.area(visit, "The ideal output as it should be", field, example.ideal, height="content")
    with st.container(horizontal=True, gap="small"):
        st.button("Settle with mine", key=f"label-settle-mine-{example.id}", type="primary", shortcut="Ctrl+Enter",
                  on_click=_settle_mine, args=(visit, found, example))  # fmt: skip
        st.button("Never mind", key=f"label-settle-back-{example.id}", type="tertiary", on_click=_write, args=("",))


def _field(found: Queue, example: str) -> str:
    return f"label-settle-text-{found.id}-{example}"


def _write(example: str) -> None:
    st.session_state[keys.SETTLING] = example


def _settle_mine(visit: Visit, found: Queue, example: Example) -> None:
    field = _field(found, example.id)
    if _settled(visit, found, example.id, Answer.edit, str(st.session_state[field])):
        draft_fields.forget(visit, field)
        _write("")


def _settle(visit: Visit, found: Queue, example: str, answer: Answer, ideal: str = "") -> None:
    _settled(visit, found, example, answer, ideal)


def _settled(visit: Visit, found: Queue, example: str, answer: Answer, ideal: str) -> bool:
    done = frame.attempt(
        lambda: labelling.settle(visit.store, visit.person.id, found, example, answer, ideal=ideal),
        "Settled. Undo takes it back.",
    )
    return done is not None


# -- pace and what is left -------------------------------------------------------------------------


def _people(visit: Visit, found: Queue, given: list[Label]) -> None:
    names = people.names(visit.store)
    body = []
    for person, total in found.people.items():
        mine = [label for label in given if label.person == person]
        speed = pace.pace([label.seconds for label in mine])
        told = f"{speed.seconds:.0f} seconds" if speed.measured else f"after {pace.MEASURED_FROM} labels"
        rejected = sum(label.decision is Answer.reject for label in mine)
        body.append((names.get(person, "somebody who left"), f"{len(mine):,}", f"{total:,}", f"{rejected:,}", told))
    blocks.section("Who is how far")
    blocks.table(["Person", "Labelled", "Asked", "Rejected", "A label takes"], body, "Labels by person; a label takes "
                 "the median time on screen")  # fmt: skip


def _forecast(visit: Visit) -> None:
    brief = briefs.latest(visit.store, visit.project_id) or Brief()
    blocks.section("How much is left", "For a set of the size you aim at, by the shares of the brief.")
    usual = usual_goal(rows.approved_kinds(visit.store, visit.project_id))
    goal = draft_fields.whole(visit, "Approved examples you aim at", keys.LABEL_GOAL, usual, (MINIMUM, 1_000_000),
                              step=50, width=240)  # fmt: skip
    times, answers = labels.given_in(visit.store, visit.project_id)
    told = pace.forecast(brief, rows.tally(visit.store, visit.project_id), goal, times, answers)
    blocks.lead(told.sentence)
    body = [
        (g.slice or "all", *(f"{n:,}" for n in (g.target, g.approved, g.missing, g.waiting, g.to_write)))
        for g in told.gaps
    ]
    heads = ["Kind of input (slice)", "Aimed at", "Approved", "Missing", "Waiting to be read", "To write first"]
    blocks.table(heads, body, "What is missing for each kind of input")
    blocks.note(f"Assumed: {'; '.join(told.assumed)}.")
