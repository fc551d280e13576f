"""Under an open round, for the team: the link into it, who has judged how many pairs, and reminders. Counts only."""

from __future__ import annotations

import datetime
from urllib.parse import urlsplit

import streamlit as st

from studio.records import Role, Round
from studio.review import standing
from studio.review.standing import Standing
from studio.store import projects, reminders
from studio.ui import access, blocks, draft_fields, frame, notices
from studio.ui.access import Visit

_FIELD = "standing-webhook"


def show(visit: Visit, found: Round) -> None:
    """Read only once somebody opens it, so that it costs those who vote nothing."""
    opened = st.expander("The link, who is behind, and reminders", key="review-standing", on_change="rerun")
    if not opened.open:
        return
    with opened:
        link = f"{access.origin(visit)}/review?project={found.project}"
        now = datetime.datetime.now(datetime.UTC)
        told = standing.standings(visit.store, found, now)
        blocks.item("A link straight into the round", "Whoever is not signed in lands there once they are.")
        st.code(link, language=None, wrap_lines=True)
        _people(told)
        _reminder(visit, found, told, link, now)


def _people(told: list[Standing]) -> None:
    if not told:
        blocks.note("Nobody whose votes count is asked yet. An admin invites reviewers on the page People and records.")
        return
    behind = sum(each.behind for each in told)
    head = f"{behind} {'is' if behind == 1 else 'are'} behind." if behind else "Nobody is behind."
    blocks.item("Who has judged how much", f"{head} How somebody voted is shown to nobody while the round is open.")
    rows = [
        [each.person.name, f"{each.done:,} of about {each.share:,}", blocks.when(each.last) if each.last else "not yet",
         "behind" if each.behind else ""]
        for each in told
    ]  # fmt: skip
    blocks.table(["Reviewer", "pairs", "last vote", "state"], rows, "An equal part for everybody who counts")


def _reminder(visit: Visit, found: Round, told: list[Standing], link: str, now: datetime.datetime) -> None:
    project = projects.get(visit.store, found.project)
    text = standing.reminder(found, project.name if project else "", told, link, now)
    blocks.item("A reminder", "To copy into a message, or to send to the address that is set here.")
    st.code(text, language=None, wrap_lines=True)
    hook = reminders.webhook(visit.store, found.project)
    notices.show("reminder")
    if hook is not None:
        last = reminders.last_sent(visit.store, found.project, found.id)
        st.button("Send it", key="standing-send", on_click=_send, args=(visit, found, text))
        host = urlsplit(hook.address).hostname
        blocks.note(f"Goes to {host}. {f'Last sent {blocks.when(last)}.' if last else 'None was sent yet.'}")
    if visit.person.role is Role.admin:
        _address(visit, hook.address if hook else "")
    elif hook is None:
        blocks.note("To send it from here, an admin sets an address that takes messages (a webhook).")


def _address(visit: Visit, saved: str) -> None:
    draft_fields.line(
        visit, "Address that takes messages (webhook)", _FIELD, saved, placeholder="https://chat.example/hooks/team",
        width=520, help="It gets JSON with one field, text. Empty: reminders are only copied.",
    )  # fmt: skip
    st.button("Set this address", key="standing-set", on_click=_set, args=(visit,))


def _set(visit: Visit) -> None:
    text = draft_fields.value(visit, _FIELD)
    if frame.attempt(lambda: _kept(visit, text), "Reminders go there now." if text.strip() else "No address is set."):
        draft_fields.forget(visit, _FIELD, text.strip())
    notices.keep_for("reminder")


def _kept(visit: Visit, text: str) -> bool:
    standing.set_webhook(visit.store, visit.person, visit.project_id, text)
    return True


def _send(visit: Visit, found: Round, text: str) -> None:
    frame.attempt(lambda: standing.send(visit.store, visit.person, found, text), "The reminder was sent.")
    notices.keep_for("reminder")
