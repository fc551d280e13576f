"""To look at again: send everything that mentions a phrase to be re-checked, what waits, what is past its date or older
than what the brief means now."""

from __future__ import annotations

import streamlit as st

from studio.examples.acting import Change
from studio.records import Example
from studio.store import finding
from studio.store.finding import Filter
from studio.ui import acting_parts, blocks, draft_fields, example_parts, finding_parts, prose
from studio.ui.access import Visit

_SHOWN = 10
_PHRASE, _REASON = "recheck-phrase", "recheck-reason"
_QUEUES = (Filter(recheck=True), Filter(due=True), Filter(stale=True))


def waiting(visit: Visit) -> int:
    """How many examples the lists of this view have in all; one that is in two of them counts once."""
    return finding.count_any(visit.store, visit.project_id, _QUEUES)


def show(visit: Visit) -> None:
    if visit.may_edit:
        _send(visit)
    _queue(
        visit, _QUEUES[0], "Waiting to be looked at again",
        "Approving one again takes it off this list.",
        "Nothing waits. What you send here stays approved until somebody looks.",
    )  # fmt: skip
    _queue(
        visit, _QUEUES[1], "Past their date",
        "Their review-by date or the right to use them (expiry date) has passed. Set a new date, or take them out.",
        "No date has passed.",
    )  # fmt: skip
    _queue(
        visit, _QUEUES[2], "Approved before the brief changed",
        "The brief has changed what good means since they were approved. Approving one again takes it off this list.",
        "Every approval was given under what the brief means now.",
    )  # fmt: skip


def _send(visit: Visit) -> None:
    blocks.section(
        "Something changed?",
        "A policy, a price, a name: everything that mentions it, in the input, the ideal output or an earlier turn, "
        "is sent to be looked at again, with your reason.",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        phrase = draft_fields.line(visit, "What they mention", _PHRASE, live=True, width=300,
                                   placeholder="refund policy")  # fmt: skip
        reason = draft_fields.line(visit, "Why, in a few words", _REASON, live=True, width=360,
                                   placeholder="The refund policy changed on 1 May")  # fmt: skip
    wanted = Filter(text=phrase.strip())
    if not wanted.text:
        return
    count = finding.count(visit.store, visit.project_id, wanted)
    if not count:
        blocks.note("No example mentions it. It must stand there as you typed it; capitals make no difference.")
        return
    given = bool(reason.strip())
    with st.container(horizontal=True, vertical_alignment="center"):
        which = "it" if count == 1 else f"all {count:,}"
        st.button(
            f"Send {which} to be looked at again", key="recheck-send", type="primary", on_click=_sent,
            args=(visit, wanted), disabled=not given, help=None if given else "Write the reason first",
        )  # fmt: skip
        st.button(f"Read {'it' if count == 1 else f'the {count:,}'} first", key="recheck-read", type="tertiary",
                  on_click=finding_parts.show_list, args=(wanted,))  # fmt: skip


def _sent(visit: Visit, wanted: Filter) -> None:
    reason = " ".join(draft_fields.value(visit, _REASON).split())
    ids = finding.ids(visit.store, visit.project_id, wanted)
    said = f"{blocks.several(len(ids), 'example')} will be looked at again. Undo takes it back."
    if acting_parts.do(visit, ids, Change(recheck=reason), said) is not None:
        draft_fields.forget(visit, _PHRASE)
        draft_fields.saved_as(visit, _REASON)


def _queue(visit: Visit, wanted: Filter, title: str, about: str, nothing: str) -> None:
    on = finding.page(visit.store, visit.project_id, wanted, limit=_SHOWN)
    count = on.total
    blocks.section(f"{title}: {count:,}" if count else title, about if count else nothing)
    if not count:
        return
    name = next(name for name in ("recheck", "due", "stale") if getattr(wanted, name))
    for example in on.examples:
        with st.container(key=f"{name}-row-{example.id}", horizontal=True, gap="small", wrap=False):
            with st.container(width="stretch"):
                prose.entry(example)
                why(example)
            st.button("Open", key=f"{name}-open-{example.id}", type="tertiary", on_click=_open,
                      args=(example.id, wanted))  # fmt: skip
    label = f"All {count:,} in the list" if count > _SHOWN else "In the list, to select and act on"
    st.button(label, key=f"{name}-list", type="tertiary", on_click=finding_parts.show_list, args=(wanted,))


def _open(example: str, wanted: Filter) -> None:
    """Opens it with the queue as its list, so that the next one follows, in a callback."""
    finding_parts.put(wanted)
    example_parts.open_one(example)


def why(example: Example) -> None:
    """Why an example must be looked at again, if it must."""
    today = finding.today()
    said = [f"To look at again: {example.recheck}"] if example.recheck else []
    if example.review_by and example.review_by < today:
        said.append(f"Was to be reviewed by {example.review_by}")
    if example.expires and example.expires < today:
        said.append(f"The right to use it ended on {example.expires}")
    if said:
        blocks.note(". ".join(said) + ".")
