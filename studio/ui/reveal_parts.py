"""After a round, on the Decision page: what people preferred and why, by arm and by kind of input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from studio import figures, signing
from studio.decision import Ruling
from studio.records import Round
from studio.review.reveal import Account, Reason
from studio.ui import blocks, rows_parts, verdict_charts, verdict_parts
from studio.ui.access import Visit


def why(visit: Visit, found: Round, ruled: Ruling) -> None:
    """The reasons that reviewers gave, for each two arms, and by kind of input. Closed rounds only."""
    names = signing.names(found)
    made = figures.material(visit.store, found)
    blocks.section(
        "Why did they prefer it?",
        "What reviewers named beside their votes, in the brief's own criteria. It explains the result and decides "
        "nothing.",
    )
    marks, several = verdict_parts.labels(ruled), len(made.accounts) > 1
    for place, each in enumerate(made.accounts):
        _account(visit, each, names, marks, f"decision-why-{place}", several=several)
    if any(each.reasons for each in made.accounts):
        _slices(visit, made.by_slice, names)


def _account(
    visit: Visit, each: Account, names: Mapping[str, str], marks: Sequence[str], key: str, several: bool
) -> None:
    candidate, baseline = names[each.candidate], names[each.baseline]
    if several:
        blocks.item(f"{candidate} and {baseline}", each.sentence(names))
    else:
        blocks.plain(each.sentence(names))
    _explained(visit, each, names)
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
            [reason.criterion, *_counts(visit, each, reason, ("candidate", "baseline", "neither")),
             blocks.between((reason.interval.low, reason.interval.high))]
            for reason in each.reasons
        ],
        f"Votes that named each reason; of the prompts, the share that went to {candidate} lies in the interval",
    )  # fmt: skip
    _words(each)


def _explained(visit: Visit, each: Account, names: Mapping[str, str]) -> None:
    """The way to the votes for each arm that say why."""
    sides = zip(("candidate", "baseline"), (each.candidate, each.baseline), each.explained, strict=True)
    links = [rows_parts.link(visit, f"for {names[arm]}", "said", each.candidate, each.baseline, "explained", side).html
             for side, arm, count in sides if count]  # fmt: skip
    if links:
        st.html(f'<p class="ys-note ys-measure">See the votes that say why, {" and ".join(links)}</p>')


def _counts(
    visit: Visit, each: Account, reason: Reason, sides: Sequence[str], part: str = ""
) -> list[blocks.Cell]:  # fmt: skip
    """How often it was named for each of the sides, and to which arm the prompts went, with the rows behind each."""
    told = {"candidate": reason.for_candidate, "baseline": reason.for_baseline, "neither": reason.neither}
    about = ["reasons", each.candidate, each.baseline, reason.criterion, *([part] if part else [])]
    counts: list[blocks.Cell] = [rows_parts.count(visit, told[side], *about, side) for side in sides]
    went = f"{reason.won:,} and {reason.lost:,}"
    return [*counts, rows_parts.link(visit, went, *about, "went") if reason.won + reason.lost else went]


def _words(each: Account) -> None:
    """How much there is to read among the pairs."""
    left = [blocks.several(len(said), what) for said, what in ((each.notes, "note"), (each.better, "better answer"))
            if said]  # fmt: skip
    if left:
        blocks.note(f"Reviewers also left {' and '.join(left)}, to be read with the pairs below.")


def _slices(visit: Visit, sliced: Mapping[str, Sequence[Account]], names: Mapping[str, str]) -> None:
    rows = [
        [
            name.replace("_", " "), f"{names[each.candidate]} and {names[each.baseline]}", reason.criterion,
            *_counts(visit, each, reason, ("candidate", "baseline"), name),
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
