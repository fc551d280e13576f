"""What a planned round can and cannot show, what it asks of people, and what would give its arms away: by simulation of
the whole rule and from the answers themselves, before anybody votes."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from studio.review import formatting, opening, planning, rounds
from studio.review.gates import join_words
from studio.store import Store
from studio.ui import blocks, frame
from studio.ui.access import Visit

_PREFERENCES = (0.55, 0.60, 0.65, 0.70, 0.80)
_WANTED = 1
"""The preference that a team usually wants to show: 60 of 100."""
_SIZES = (50, 100, 150, 200, 300, 400, 600)


def show(visit: Visit, plan: rounds.Plan, names: Mapping[str, str], mixture: Mapping[str, float]) -> None:
    """One sentence to go by, the reviewers' time, what is too thin; and how it was worked out.

    `mixture`: slice -> its share of all test prompts."""
    if not plan.candidates or not all(each.baselines for each in plan.contests):
        blocks.lead("Choose at least one arm that might ship, and one that it must beat.")
        if plan.candidates:
            blocks.plain(f"{names[plan.candidates[0]]} is tested first, so it needs something to beat.")
        return
    told = [_simulated(plan, _planned_slices(plan, mixture), theta) for theta in _PREFERENCES]
    blocks.lead(planning.in_words(told))
    blocks.plain(_effort(visit, plan).sentence + " It stops as soon as it is decided.")
    if told[_WANTED].go < planning.LIKELY:
        blocks.note(_enough_prompts(plan, mixture))
    if thin := _thin(plan, _planned_slices(plan, mixture)):
        frame.warnings(thin)
    with st.expander("How this was worked out", key="review-shown"):
        blocks.note(_assumed(plan, names))
        rows = [
            [f"{100 * o.theta:.0f} of 100", blocks.percent(o.preferred), blocks.percent(o.go), _typical(o, plan.cap)]
            for o in told
        ]
        blocks.table(
            ["If people truly prefer it in", "the preference is found", "all that votes must show", "prompts needed"],
            rows, "Share of 200 simulated rounds, a quarter of the votes ties, four of five answers fit to send",
        )  # fmt: skip


def _planned_slices(plan: rounds.Plan, mixture: Mapping[str, float]) -> tuple[planning.PlannedSlice, ...]:
    """The watched slices with their share of the prompts under the cap."""
    return tuple(
        planning.PlannedSlice(g.name, round(mixture.get(g.name, 0.0) * plan.cap), g.critical, g.delta)
        for g in plan.guardrails or ()
    )


def _enough_prompts(plan: rounds.Plan, mixture: Mapping[str, float]) -> str:
    """How many prompts of the same mixture a round like this needs to show what a team usually wants to."""
    theta = _PREFERENCES[_WANTED]
    for size in (each for each in _SIZES if each > plan.cap):
        larger = replace(plan, cap=size)
        if _simulated(larger, _planned_slices(larger, mixture), theta).go >= planning.LIKELY:
            return (
                f"To show a true {blocks.percent(theta)} preference, about {size} prompts of this mixture would be "
                "enough."
            )
    return f"Even {_SIZES[-1]} prompts of this mixture would often not show a true {blocks.percent(theta)} preference."


def _simulated(plan: rounds.Plan, slices: tuple[planning.PlannedSlice, ...], theta: float) -> planning.Outlook:
    """Of the dearest candidate: the cheaper ones are thought to be no better than what they must beat."""
    *cheaper, last = plan.contests
    return _outlook(
        plan.cap, len(last.baselines), slices, plan.floor, plan.theta_min, theta,
        tuple(len(each.baselines) for each in cheaper), plan.votes, plan.second_readers,
    )  # fmt: skip


@st.cache_data(max_entries=256, show_spinner="Simulating rounds like this one")
def _outlook(
    cap: int, baselines: int, slices: tuple[planning.PlannedSlice, ...], floor: float | None, theta_min: float,
    theta: float, cheaper: tuple[int, ...], votes: int, second_readers: float,
) -> planning.Outlook:  # fmt: skip
    return planning.outlook(
        cap, baselines, slices, floor=floor, theta_min=theta_min, theta=theta, cheaper=cheaper, votes=votes,
        second_readers=second_readers,
    )  # fmt: skip


@st.cache_data(max_entries=64, show_spinner=False)
def _enough(each: planning.PlannedSlice) -> int | None:
    return planning.enough_for(each)


def _thin(plan: rounds.Plan, slices: Sequence[planning.PlannedSlice]) -> list[str]:
    """Each critical slice with too few prompts, and how many would be enough."""
    told = []
    for each in slices:
        enough = _enough(each) if each.critical else 0
        if enough is not None and each.prompts >= enough:
            continue
        needed = f"about {enough}" if enough is not None else "more than 400"
        told.append(
            f"“{each.name.replace('_', ' ')}” is critical and has {blocks.several(each.prompts, 'prompt')} in this "
            f"round; {needed} are needed to clear it when people prefer the candidate there in 60 of 100. Raise the "
            "cap, add test examples of that kind, allow it to lose more, or watch it without making it critical."
        )
    return told


def _assumed(plan: rounds.Plan, names: Mapping[str, str]) -> str:
    *cheaper, last = plan.contests
    over = join_words([names[name] for name in last.baselines])
    first = f" after {join_words([names[each.arm] for each in cheaper])} did not pass" if cheaper else ""
    return (
        f"By simulation of the rule that will decide: {names[last.arm]} against {over}{first}, looked at after every "
        "prompt, with the slices and the floor."
    )


def _typical(found: planning.Outlook, cap: int) -> str:
    return f"about {found.typical}" if found.typical is not None else f"more than {cap}"


# -- what it asks of people ------------------------------------------------------------------------


def _effort(visit: Visit, plan: rounds.Plan) -> planning.Effort:
    couples = sum(len(each.baselines) for each in plan.contests)
    doubled = round(plan.second_readers * plan.cap) if plan.votes == 1 else 0
    people = max(1, len(rounds.independent_people(visit.store, visit.project_id)))
    for_all = plan.gold + len(plan.sentinels.answers)
    votes = couples * (plan.cap * plan.votes + doubled) + for_all * people + plan.repeats
    pace = rounds.usual_pace(visit.store, visit.project_id)
    if pace is not None:
        return planning.Effort(votes, pace, measured=True)
    words = sum(_words(visit, plan.dataset, each.arm) for each in plan.contests) / len(plan.contests)
    others = [name for each in plan.contests for name in each.baselines]
    words += sum(_words(visit, plan.dataset, name) for name in others) / len(others)
    return planning.Effort(votes, planning.reading_seconds(words), measured=False)


def _words(visit: Visit, dataset: str, arm: str) -> float:
    answers = _answers(visit.store, str(visit.store.workspace), visit.store.version, dataset, arm)
    return statistics.mean(len(text.split()) for text in answers.values()) if answers else 0.0


@st.cache_data(max_entries=32, show_spinner=False)
def _answers(_store: Store, workspace: str, version: int, dataset: str, arm: str) -> dict[str, str]:
    return opening.answers(_store, dataset, arm)


# -- what would give an arm away -------------------------------------------------------------------


def telling(visit: Visit, plan: rounds.Plan, names: Mapping[str, str]) -> list[str]:
    """For each couple of arms that voters could tell apart by length or formatting, how."""
    told: list[str] = []
    for each in plan.contests:
        for name in each.baselines:
            where = (visit.store, str(visit.store.workspace), visit.store.version)
            found = _tells(*where, plan.dataset, each.arm, name)
            told += found.sentences(names[each.arm], names[name]) if found else ()
    return told


@st.cache_data(max_entries=32, show_spinner=False)
def _tells(_store: Store, workspace: str, version: int, dataset: str, one: str, other: str) -> formatting.Tells | None:
    ours, theirs = (opening.answers(_store, dataset, arm) for arm in (one, other))
    pairs = [(ours[prompt], theirs[prompt]) for prompt in ours if prompt in theirs]
    return formatting.tells(pairs) if pairs else None
