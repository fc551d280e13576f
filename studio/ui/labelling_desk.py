"""Labelling by keyboard: one example at a time, what the brief asks beside it, others' labels once one's own is in.

It runs as a fragment, so that a decision redraws the item and nothing else. Example and the fingerprint of its text are
in every button's arguments: a key pressed late or twice meets the item it was meant for, and is refused there.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import streamlit as st

from studio import drafts
from studio.evaluate import checks
from studio.examples import labelling, outcome
from studio.examples.labelling import Seat
from studio.records import HARD_KINDS, Brief, Example, Speaker
from studio.store import briefs, finding, labels, people
from studio.store.labels import Answer, Label, Queue
from studio.ui import as_seen, blocks, conversation, draft_fields, form_fields, frame, keys, notices, prose
from studio.ui.access import Visit
from studio.wording import duration

_SAID = {Answer.approve: "approved", Answer.reject: "rejected", Answer.edit: "rewrote", Answer.skip: "could not tell"}
_MOST_RULES = 9


def show(visit: Visit, found: Queue) -> None:
    with st.container(horizontal=True, gap="small"):
        _criteria(visit)
        _how()
    _item(visit, found)


def _criteria(visit: Visit) -> None:
    brief = briefs.latest(visit.store, visit.project_id)
    if brief is None:
        return
    with st.popover("What good looks like", key="label-criteria"):
        blocks.plain(brief.task)
        for criterion in brief.criteria:
            blocks.item(criterion.name, criterion.how_to_tell)
        if brief.must_never:
            blocks.item("It must never", brief.must_never)


def _how() -> None:
    with st.popover("Keys", key="label-how"):
        blocks.bullets([
            "A approves: you would send this answer as it is. X rejects it, and you name the rule it breaks.",
            "E lets you write the answer as it should be. S says that you cannot tell.",
            "T marks what is hard about the input. G gives tags, those in use or new ones; Ctrl+G is done with them.",
            "N goes on without a label; the example comes again at the end.",
            "B goes back, also to change a label. U takes your last label back with all that followed from it.",
            "Keys rest while you type in a field. What others said appears only once your own label is in.",
            "Having seen the ideal outputs, your votes in a blind round of this project will not be counted.",
        ])  # fmt: skip


def _at(found: Queue) -> dict[str, Any]:
    """Where this person is: the queue, an example gone back to or "", the position gone on from, and the mode."""
    held = st.session_state.get(keys.LABEL_AT)
    if held is None or held["queue"] != found.id:
        held = {"queue": found.id, "example": "", "after": -1, "mode": "", "last": ""}
        st.session_state[keys.LABEL_AT] = held
    return held


def _go(found: Queue, **where: Any) -> None:
    st.session_state[keys.LABEL_AT] = {**_at(found), "mode": "", **where}


@st.fragment
def _item(visit: Visit, found: Queue) -> None:
    now = labels.queue(visit.store, found.id)
    if now is None or now.closed:
        st.rerun()
    at = _at(found)
    seat = labelling.seat(visit.store, found, visit.person.id, at["example"], at["after"])
    brief = briefs.latest(visit.store, visit.project_id) or Brief()
    _how_far(visit, found, seat)
    with st.container(key="label-item"):
        if seat.example is not None:
            text, beside = st.columns([5, 3], gap="large")
            with text:
                _asked(seat.example)
                as_seen.reading(seat.example.ideal, "Ideal output")
                as_seen.switch("label-raw")
            with beside:
                _beside(visit, found, brief, seat, at)
    with st.container(key="label-bar"):
        notices.show_any()
        if seat.example is None:
            _nothing_left(visit, found, seat)
        else:
            _MODES.get(at["mode"], _buttons)(visit, found, seat, brief)


def _how_far(visit: Visit, found: Queue, seat: Seat) -> None:
    lately = labels.lately(visit.store, found.id, visit.person.id)
    left = seat.total - seat.done
    pace = statistics.median(lately) if len(lately) > 2 else None
    told = f"{pace:.0f} seconds a label; about {duration(pace * left)} left" if pace and left else ""
    share = 100 * seat.done / seat.total if seat.total else 100.0
    st.html(
        f'<div role="status"><p class="yl-far"><span><b>{seat.done:,} of {seat.total:,}</b> labelled</span>'
        f'<span>{escape(told)}</span></p><div class="yl-bar" aria-hidden="true">'
        f'<div style="width:{share:.1f}%"></div></div></div>'
    )


def _asked(example: Example) -> None:
    """The input as it comes in: the conversation so far as bubbles, the last message among them."""
    turns = [(turn.speaker, turn.text) for turn in example.earlier] + [(Speaker.user, example.input)]
    names = {Speaker.user: ("yl-them", "They wrote"), Speaker.assistant: ("yl-us", "We answered")}
    bubbles = "".join(
        f'<li class="{names[who][0]}"><span>{names[who][1]}</span><p>{escape(text)}</p></li>' for who, text in turns
    )
    st.html(f'<div class="yl-asked">{conversation.standing(example.system)}<ol>{bubbles}</ol></div>')


def _beside(visit: Visit, found: Queue, brief: Brief, seat: Seat, at: dict[str, Any]) -> None:
    example = seat.example
    assert example is not None
    facts = [
        fact for fact in (example.slice, *(kind.replace("_", " ") for kind in example.kinds), *example.tags) if fact
    ]
    if facts:
        st.html(f'<p class="yl-facts">{escape(" · ".join(facts))}</p>')
    subject = checks.of_example(example)
    told = [(c.name, checks.kept(c, subject), c.how_to_tell) for c in brief.criteria if c.checks]
    told = [(name, kept, how if kept is False else "") for name, kept, how in told if kept is not None]
    if told and example.ideal.strip():
        st.html('<p class="yl-head">What a machine can tell</p>')
        prose.verdicts(sorted(told, key=lambda one: bool(one[1])))
    if seat.said:
        _answers(visit, "Your label, and what others said", seat.said)
    elif at["last"]:
        _before(visit, found, at["last"])


def _before(visit: Visit, found: Queue, example: str) -> None:
    """The item just labelled: what others had said of it, now that one's own is in."""
    said = labelling.said_of(visit.store, found, visit.person.id, example)
    if len(said) > 1:
        _answers(visit, "The one before", said)


def _answers(visit: Visit, title: str, given: Sequence[Label]) -> None:
    names = people.names(visit.store)
    items = []
    for label in given:
        who = "You" if label.person == visit.person.id else names.get(label.person, "Somebody who left")
        why = f" ({label.criterion})" if label.criterion else ""
        more = f"<p>{escape(label.note or label.ideal)}</p>" if label.note or label.ideal else ""
        items.append(f"<li><b>{escape(who)}</b> {_SAID[label.decision]}{escape(why)}{more}</li>")
    st.html(f'<div class="yl-said"><p class="yl-head">{escape(title)}</p><ul>{"".join(items)}</ul></div>')


# -- deciding --------------------------------------------------------------------------------------


def _buttons(visit: Visit, found: Queue, seat: Seat, brief: Brief) -> None:
    example = seat.example
    assert example is not None
    key, args = example.id, (visit, found, seat)
    with st.container(key="label-keys", horizontal=True, gap="small"):
        st.button("Approve", key=f"label-approve-{key}", shortcut="A", type="primary", on_click=_say,
                  args=(*args, Answer.approve))  # fmt: skip
        reject = (_mode, (found, example.id, "reject")) if brief.criteria else (_say, (*args, Answer.reject))
        st.button("Reject", key=f"label-reject-{key}", shortcut="X", on_click=reject[0], args=reject[1])
        for label, name, shortcut in (("Edit", "edit", "E"), ("Hard case", "tag", "T")):
            st.button(label, key=f"label-{name}-{key}", shortcut=shortcut, on_click=_mode,
                      args=(found, example.id, name))  # fmt: skip
        st.button("Tags", key=f"label-words-{key}", shortcut="G", on_click=_mode, args=(found, example.id, "words"))
        st.button("Cannot tell", key=f"label-skip-{key}", shortcut="S", type="tertiary", on_click=_say,
                  args=(*args, Answer.skip))  # fmt: skip
        st.button("Next", key=f"label-next-{key}", shortcut="N", type="tertiary", on_click=_next, args=(found, seat))
        _back_and_undo(visit, found, seat, key)


def _back_and_undo(visit: Visit, found: Queue, seat: Seat, key: str) -> None:
    st.button("Back", key=f"label-back-{key}", shortcut="B", type="tertiary", on_click=_back, args=(visit, found, seat))
    st.button("Undo", key=f"label-undo-{key}", shortcut="U", type="tertiary", on_click=_undo, args=(visit, found),
              disabled=not seat.done)  # fmt: skip


def _reasons(visit: Visit, found: Queue, seat: Seat, brief: Brief) -> None:
    """Which rule it breaks: the reason that agreement and the brief are read by."""
    assert seat.example is not None
    key = seat.example.id
    st.html('<p class="yl-why">Which rule does it break?</p>')
    draft_fields.line(visit, "In your own words (optional)", f"label-note-{key}", max_chars=400)
    with st.container(key="label-keys", horizontal=True, gap="small"):
        for n, criterion in enumerate(brief.criteria[:_MOST_RULES], start=1):
            st.button(form_fields.plain(criterion.name), key=f"label-rule-{n}-{key}", shortcut=str(n), on_click=_say,
                      args=(visit, found, seat, Answer.reject, criterion.name))  # fmt: skip
        st.button("Another reason", key=f"label-rule-0-{key}", shortcut="0", on_click=_say,
                  args=(visit, found, seat, Answer.reject))  # fmt: skip
        st.button("Never mind", key=f"label-cancel-{key}", shortcut="B", type="tertiary", on_click=_mode,
                  args=(found, key, ""))  # fmt: skip


def _rewrite(visit: Visit, found: Queue, seat: Seat, brief: Brief) -> None:
    """One's own version of the ideal output; kept as a draft at each change, so that a reload loses nothing."""
    example = seat.example
    assert example is not None
    key = f"label-ideal-{example.id}"
    if key not in st.session_state:
        kept = drafts.kept(visit.store, visit.person.id, _draft(found, example.id))
        st.session_state[key] = kept["text"] if kept else example.ideal
    st.text_area("The ideal output as it should be", key=key, height="content", on_change=_typed,
                 args=(visit, found, example.id))  # fmt: skip
    with st.container(key="label-keys", horizontal=True, gap="small"):
        st.button("Save my version", key=f"label-save-{example.id}", type="primary", shortcut="Ctrl+Enter",
                  on_click=_say, args=(visit, found, seat, Answer.edit))  # fmt: skip
        st.button("Never mind", key=f"label-cancel-{example.id}", shortcut="B", type="tertiary", on_click=_mode,
                  args=(found, example.id, ""))  # fmt: skip


def _tags(visit: Visit, found: Queue, seat: Seat, brief: Brief) -> None:
    example = seat.example
    assert example is not None
    st.html('<p class="yl-why">What is hard about this input?</p>')
    with st.container(key="label-keys", horizontal=True, gap="small"):
        for n, kind in enumerate(HARD_KINDS, start=1):
            marked = kind in example.kinds
            st.button(kind.replace("_", " ").capitalize(), key=f"label-kind-{n}-{example.id}", shortcut=str(n),
                      type="primary" if marked else "secondary", icon=":material/check:" if marked else None,
                      on_click=_tag, args=(visit, found, example.id, kind))  # fmt: skip
        st.button("Done", key=f"label-cancel-{example.id}", shortcut="T", type="tertiary", on_click=_mode,
                  args=(found, example.id, ""))  # fmt: skip


@st.dialog("Tags", dismissible=False)
def _words(visit: Visit, found: Queue, seat: Seat, brief: Brief) -> None:
    """Tags, in a window of its own: there the field is one Tab away, and no other key decides anything meanwhile."""
    example = seat.example
    assert example is not None
    offered = list(dict.fromkeys((*finding.choices(visit.store, visit.project_id).tags, *example.tags)))
    key = f"label-tags-{example.id}"
    st.multiselect(
        "Press Tab, type, and Enter takes it", offered, list(example.tags), key=key, accept_new_options=True,
        on_change=_retag, args=(visit, found, example.id, key), placeholder="A tag in use, or a new one",
    )  # fmt: skip
    if st.button("Done", key=f"label-cancel-{example.id}", shortcut="Ctrl+G", type="primary"):
        _mode(found, example.id, "")
        st.rerun()


_MODES: dict[str, Callable[[Visit, Queue, Seat, Brief], None]] = {
    "reject": _reasons, "edit": _rewrite, "tag": _tags, "words": _words,
}  # fmt: skip


def _nothing_left(visit: Visit, found: Queue, seat: Seat) -> None:
    blocks.lead("You have labelled everything there is for you. Thank you.")
    blocks.note("Where people disagree, a designer settles it. You can still go back and change a label.")
    with st.container(key="label-keys", horizontal=True, gap="small"):
        _back_and_undo(visit, found, seat, "none")


# -- callbacks -------------------------------------------------------------------------------------


def _draft(found: Queue, example: str) -> str:
    return f"label/{found.id}/{example}"


def _typed(visit: Visit, found: Queue, example: str) -> None:
    form = {"text": st.session_state[f"label-ideal-{example}"]}
    frame.attempt(lambda: drafts.keep(visit.store, visit.person.id, _draft(found, example), form), seeing=True)


def _say(visit: Visit, found: Queue, seat: Seat, decision: Answer, criterion: str = "") -> None:
    """Writes the label before anything is drawn; how long the item was on screen is known to the server only."""
    example = seat.example
    assert example is not None
    ideal = str(st.session_state.get(f"label-ideal-{example.id}") or "") if decision is Answer.edit else ""
    note = str(st.session_state.get(f"label-note-{example.id}") or "") if decision is Answer.reject else ""
    done = frame.attempt(lambda: labelling.give(
        visit.store, found, visit.person.id, example.id, decision, shown=outcome.fingerprint(example),
        criterion=criterion, ideal=ideal, note=note, change=bool(seat.said),
    ), seeing=True)  # fmt: skip
    if done is not None:
        drafts.drop(visit.store, visit.person.id, _draft(found, example.id))
        st.session_state.pop(f"label-ideal-{example.id}", None)
        draft_fields.forget(visit, f"label-note-{example.id}")
        _go(found, example="", after=seat.position, last=example.id)


def _mode(found: Queue, example: str, mode: str) -> None:
    _go(found, example=example, mode=mode)


def _next(found: Queue, seat: Seat) -> None:
    _go(found, example="", after=seat.position, last="")


def _back(visit: Visit, found: Queue, seat: Seat) -> None:
    position = seat.position if seat.example is not None else found.items
    before = labels.beside(visit.store, found.id, visit.person.id, position)
    if before is None:
        st.session_state[keys.NOTICE] = ["said", "This is the first one."]
    else:
        _go(found, example=before, last="")


def _undo(visit: Visit, found: Queue) -> None:
    back = frame.attempt(lambda: labelling.take_back(visit.store, found, visit.person.id), seeing=True)
    if back is not None:
        _go(found, example=back, last="")


def _retag(visit: Visit, found: Queue, example: str, key: str) -> None:
    tags = [str(tag) for tag in st.session_state[key]]
    frame.attempt(lambda: labelling.tag(visit.store, visit.person.id, visit.project_id, example, tags), seeing=True)
    _go(found, example=example, mode="words")


def _tag(visit: Visit, found: Queue, example: str, kind: str) -> None:
    frame.attempt(
        lambda: labelling.toggle_kind(visit.store, visit.person.id, visit.project_id, example, kind), seeing=True
    )
    _go(found, example=example, mode="tag")
