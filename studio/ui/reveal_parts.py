"""After a round, on the Decision page: what people preferred and why, by arm and by kind of input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from studio import signing
from studio.decision import Ruling
from studio.records import Round
from studio.review import reveal, rounds
from studio.review.reveal import Account
from studio.store import Store
from studio.store import rounds as round_rows
from studio.ui import blocks, verdict_charts, verdict_parts
from studio.ui.access import Visit


def _told(store: Store, found: Round) -> tuple[tuple[Account, ...], dict[str, tuple[Account, ...]]]:
    pairs = round_rows.pairs(store, found.id)
    votes = rounds.counted(found, pairs, round_rows.votes(store, found.id))
    return reveal.accounts(pairs, votes), reveal.by_slice(pairs, votes)


def why(visit: Visit, found: Round, ruled: Ruling) -> None:
    """The reasons that reviewers gave, for each two arms, and by kind of input. Closed rounds only."""
    names = signing.names(found)
    told, sliced = visit.store.once(("reasons", found.id), lambda: _told(visit.store, found))
    blocks.section(
        "Why did they prefer it?",
        "What reviewers named beside their votes, in the brief's own criteria. It explains the result and decides "
        "nothing.",
    )
    for place, each in enumerate(told):
        _account(each, names, verdict_parts.labels(ruled), f"decision-why-{place}", several=len(told) > 1)
    if any(each.reasons for each in told):
        _slices(sliced, names)


def _account(each: Account, names: Mapping[str, str], marks: Sequence[str], key: str, several: bool) -> None:
    candidate, baseline = names[each.candidate], names[each.baseline]
    if several:
        blocks.item(f"{candidate} and {baseline}", each.sentence(names))
    else:
        blocks.plain(each.sentence(names))
    if not each.reasons:
        _words(each)
        return
    blocks.bullets(each.found(names) or (
        "No reason went to one of them more often than luck would have it (a test that lets one find in ten be luck).",
    ))  # fmt: skip
    verdict_charts.reasons(each, names, marks, key)
    blocks.table(
        ["Reason", f"for {candidate}", f"for {baseline}", "for neither", "prompts that went to each", "95 % interval"],
        [
            [
                reason.criterion, f"{reason.for_candidate:,}", f"{reason.for_baseline:,}", f"{reason.neither:,}",
                f"{reason.won:,} and {reason.lost:,}", blocks.between((reason.interval.low, reason.interval.high)),
            ]
            for reason in each.reasons
        ],
        f"Votes that named each reason; of the prompts, the share that went to {candidate} lies in the interval",
    )  # fmt: skip
    _words(each)


def _words(each: Account) -> None:
    """How much there is to read among the pairs."""
    left = [blocks.several(len(said), what) for said, what in ((each.notes, "note"), (each.better, "better answer"))
            if said]  # fmt: skip
    if left:
        blocks.note(f"Reviewers also left {' and '.join(left)}, to be read with the pairs below.")


def _slices(sliced: Mapping[str, Sequence[Account]], names: Mapping[str, str]) -> None:
    rows = [
        [
            name.replace("_", " "), f"{names[each.candidate]} and {names[each.baseline]}", reason.criterion,
            f"{reason.for_candidate:,}", f"{reason.for_baseline:,}", f"{reason.won:,} and {reason.lost:,}",
        ]
        for name, told in sliced.items() for each in told for reason in each.reasons
    ]  # fmt: skip
    if not rows:
        return
    with st.expander("Reasons by kind of input", key="decision-why-slices"):
        blocks.note("Few votes each: to see where to look, not to conclude.")
        blocks.table(
            ["Slice", "arms", "reason", "for the candidate", "for the baseline", "prompts that went to each"], rows,
            "Votes that named each reason on each slice",
        )  # fmt: skip
