"""What surrounds the two texts of an example: the turns before, the system text, rights, dates, a worse answer."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studio.examples.step import WRITTEN
from studio.records import Consent, Example, Speaker, Turn
from studio.ui import conversation, form_fields
from studio.ui.form_fields import Draft

CONSENT = {
    "unknown": "Not known",
    "given": "Given by the person",
    "not_needed": "Not needed: nobody real is in it",
    "withdrawn": "Withdrawn",
}
_LISTS = ("kinds", "tags")


def form(example: Example) -> dict[str, Any]:
    """The example as a draft keeps it: plain JSON values, each earlier turn with an id of its own. `base` and `began`
    stay what they are: the revision that the draft stands on, and what the example said then."""
    return {"base": example.revision, "began": _plain(example), **_plain(example)}


def _plain(example: Example) -> dict[str, Any]:
    plain = {name: getattr(example, name) for name in WRITTEN}
    turns = [{"id": f"t{n}", "speaker": t.speaker.value, "text": t.text} for n, t in enumerate(example.earlier)]
    lists = {name: list(plain[name]) for name in _LISTS}
    return {**plain, **lists, "earlier": turns, "consent": example.consent.value}


def changes(form: dict[str, Any]) -> dict[str, Any]:
    """What the form says, as fields of an example. A draft begun under an older version lacks some: those stay."""
    said = {name: form[name] or "" for name in WRITTEN if name in form}
    said |= {name: tuple(said[name]) for name in _LISTS if name in said}
    if "earlier" in said:
        said["earlier"] = earlier(form)
    if "consent" in said:
        said["consent"] = Consent(said["consent"] or "unknown")
    return said


def earlier(form: dict[str, Any]) -> tuple[Turn, ...]:
    return tuple(Turn(Speaker(turn["speaker"]), turn["text"]) for turn in form.get("earlier") or ())


def conversation_fields(held: Draft) -> None:
    """The turns before the input as they were had, and a place to change them."""
    said, system = earlier(held.form), held.form.get("system") or ""
    if said or system:
        with st.container(key="example-conversation"):
            st.html(conversation.turns(said, system))
    label = "Change the earlier turns and the system text" if said or system else "Add earlier turns or a system text"
    with st.expander(label, key="example-turns"):
        form_fields.area(
            held, ("system",), "System text: standing instructions this conversation came with", "example-system"
        )
        for turn in held.form.get("earlier") or ():
            _turn(held, turn["id"])
        st.button("Add a turn", key="turn-add", icon=":material/add:", on_click=_added, args=(held,))


def _turn(held: Draft, name: str) -> None:
    path = ("earlier", name)
    words = {speaker.value: word for speaker, word in conversation.WHO.items()}
    with st.container(border=True, key=f"turn-{name}"):
        with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
            form_fields.one(
                held, (*path, "speaker"), "Who speaks", f"turn-{name}-speaker", list(words), width=220,
                format_func=words.__getitem__,
            )  # fmt: skip
            st.button(
                "Remove this turn", key=f"turn-{name}-remove", type="tertiary", on_click=_removed, args=(held, name)
            )
        form_fields.area(held, (*path, "text"), "What was said", f"turn-{name}-text")


def _added(held: Draft) -> None:
    def add(form: dict[str, Any]) -> None:
        turns = form.setdefault("earlier", [])
        last = turns[-1]["speaker"] if turns else Speaker.assistant.value
        speaker = Speaker.user if last == Speaker.assistant.value else Speaker.assistant
        taken = {turn["id"] for turn in turns}
        name = next(f"t{n}" for n in range(len(turns) + 1) if f"t{n}" not in taken)
        turns.append({"id": name, "speaker": speaker.value, "text": ""})

    held.change(add)


def _removed(held: Draft, name: str) -> None:
    held.change(lambda form: form.update(earlier=[turn for turn in form["earlier"] if turn["id"] != name]))


def rights(held: Draft) -> None:
    """By what right the example is used, until when, and what else is known of it."""
    with st.expander("Rights and dates", key="example-rights"):
        left, right = st.columns(2)
        with left:
            form_fields.line(held, ("source",), "Where it comes from", "example-source")
            words = list(CONSENT)
            form_fields.one(
                held, ("consent",), "Consent of the person it comes from", "example-consent", words,
                format_func=CONSENT.__getitem__,
            )  # fmt: skip
            form_fields.day(held, ("expires",), "The right to use it ends on", "example-expires")
        with right:
            form_fields.line(held, ("licence",), "Licence", "example-licence", placeholder="such as CC BY 4.0")
            form_fields.line(held, ("group",), "Group: kept together in one split", "example-group")
            form_fields.day(held, ("review_by",), "Somebody must look again by", "example-review-by")
        form_fields.several(
            held, ("tags",), "Tags of your own", "example-tags", list(held.form.get("tags") or ()),
            accept_new_options=True, placeholder="Type a word and press Enter",
        )  # fmt: skip
        form_fields.area(
            held, ("worse",), "A worse answer: one that people liked less than the ideal output", "example-worse"
        )


def told(example: Example) -> list[tuple[str, str]]:
    """What is written of an example beside its texts, as (name, words); nothing for what is empty."""
    known = (
        ("Source", example.source), ("Licence", example.licence), ("Consent", CONSENT[example.consent.value]),
        ("Right ends on", example.expires), ("Look again by", example.review_by), ("Group", example.group),
        ("Tags", ", ".join(example.tags)), ("What is hard about it", ", ".join(example.kinds)),
    )  # fmt: skip
    return [(name, words) for name, words in known if words]
