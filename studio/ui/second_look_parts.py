"""The second look at what was accepted when a set was frozen, on the Decision page."""

from __future__ import annotations

import streamlit as st

from studio import beside_votes
from studio.records import Round
from studio.store import datasets as dataset_rows
from studio.store import people, waiver_reviews
from studio.ui import blocks, frame, notices
from studio.ui.access import Visit
from studio.wording import finding_name


def look(visit: Visit, found: Round) -> None:
    """What was accepted, why and by whom, for somebody else to stand by; nothing where nobody has to."""
    dataset = dataset_rows.get(visit.store, found.registration["dataset"])
    if dataset is None or not (accepted := beside_votes.accepted(visit.store, dataset)):
        return
    if waiver_reviews.of(visit.store, dataset.id):
        return
    names = people.names(visit.store)
    blocks.section("Accepted when the set was frozen", "Somebody who did not accept them reads the reasons once more.")
    for each in accepted:
        name = finding_name(each.finding)
        who = names.get(each.person, "somebody who is not known here")
        blocks.item(name[:1].upper() + name[1:], each.reason, f"accepted by {who}")
    if visit.person.role not in beside_votes.MAY_REVIEW:
        blocks.note("A PM or an admin reads them. You can read everything here.")
        return
    st.button("I have read these and stand by them", key="decision-second-look", on_click=_stand_by,
              args=(visit, dataset.id))  # fmt: skip
    notices.show("second-look")


def _stand_by(visit: Visit, name: str) -> None:
    def reviewed() -> None:
        dataset = dataset_rows.get(visit.store, name)
        if dataset is not None:
            beside_votes.review(visit.store, visit.person, dataset)

    frame.attempt(reviewed, "Noted with your name.")
    notices.keep_for("second-look")
