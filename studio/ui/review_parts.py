"""The blind round's page round the voting: set one up, what is registered, how it ended."""

from __future__ import annotations

from collections import Counter
from html import escape
from pathlib import Path

import streamlit as st

from studio import datasets, loop
from studio.records import Arm, ArmKind, Dataset, Role, Round, Split
from studio.review import opening, planning, rounds
from studio.store import Store, briefs
from studio.store import datasets as dataset_rows
from studio.store import projects as project_rows
from studio.store import rounds as round_rows
from studio.ui import access, blocks, dataset_parts, frame, notices, voting_parts, why_parts
from studio.ui.access import Visit

_LOOK = Path(__file__).parent / "assets" / "rounds.css"
_TEAM = (Role.designer, Role.pm, Role.admin)


def look() -> None:
    """The style of these pieces and of the blocks; sent once a page."""
    blocks.look()
    st.html(_LOOK)


def visit() -> Visit:
    """The visit; a reviewer who came without a project gets the one whose round is open, if there is just one."""
    found = access.open_page("review", needs_project=False)
    if found.project is None:
        waiting = [
            p for p in project_rows.every(found.store)
            if any(r.state == "open" for r in round_rows.every(found.store, p.id))
        ]  # fmt: skip
        if len(waiting) == 1:
            access.choose(waiting[0].id)
            return access.open_page("review")
        if found.person.role is Role.reviewer and not waiting:
            look()
            nothing_waits()
            st.stop()
        if waiting:
            st.title("Which round?")
            for project in waiting:
                st.button(project.name, key=f"review-pick-{project.id}", on_click=access.choose, args=(project.id,))
            st.stop()
        return access.open_page("review")
    return found


def show(visit: Visit) -> None:
    """What there is to do: vote, set a round up, or read how the last one ended."""
    found = next((r for r in round_rows.every(visit.store, visit.project_id) if r.state != "cancelled"), None)
    team = visit.person.role in _TEAM
    if found is not None and found.state == "open":
        voting_parts.ballot(
            visit, found, briefs.version(visit.store, found.project, found.registration["brief_version"])
        )
        registered(visit, found)
    elif not team:
        thanks(visit, found) if found is not None else nothing_waits()
    elif found is not None:
        ended(visit, found)
        with st.expander("Set up another round", key="review-another"):
            set_up(visit)
    else:
        cancelled(visit)
        set_up(visit)


def nothing_waits() -> None:
    frame.empty(
        "Nothing waits for you",
        "When a blind round opens, it appears here: you read two answers at a time and say which one you would "
        "rather send.",
    )


def thanks(visit: Visit, found: Round) -> None:
    frame.empty("Thank you", "This round is closed, and your votes are in it. You will be asked when there is another.")
    why_parts.unsent(visit, found)


def ended(visit: Visit, found: Round) -> None:
    blocks.lead("The round is closed. The verdict is on the Decision page.")
    blocks.plain(found.closed_because)
    why_parts.unsent(visit, found)
    blocks.way(visit, "decision", "Open Decision", "review-decision")


def cancelled(visit: Visit) -> None:
    """That the last round was cancelled, and why: nobody should look for it."""
    last = next(iter(round_rows.every(visit.store, visit.project_id)), None)
    if last is not None:
        frame.warnings([f"The last round was cancelled: {last.closed_because}"])


# -- what is registered ----------------------------------------------------------------------------


def registered(visit: Visit, found: Round) -> None:
    """What was fixed before the first vote, without a word about which arm is which; and the way to end it."""
    frozen = found.registration
    floor = "not asked" if frozen["floor"] is None else f"{100 * frozen['floor']:.0f} of 100 answers fit to send"
    second = sum(p["votes"] > 1 for p in frozen["prompts"][: frozen["cap"]])
    with st.expander("What was fixed before the first vote", key="review-registered"):
        facts({
            "Opened": blocks.when(found.at),
            "Registration": found.sha256,
            "Sides, sealed": found.commitment,
            "At most": f"{blocks.several(frozen['cap'], 'prompt')}, {second} of them read by two people",
            "A win that matters": f"{100 * frozen['theta_min']:.0f} of 100 prompts",
            "Shippable floor": floor,
        })  # fmt: skip
        blocks.note(
            "The registration is a fingerprint (SHA-256) of the systems, their outputs, the prompts in their order "
            "and the "
            "rules. The seal is one of the sides; what it hides is published when the round closes, so anybody can "
            "check."
        )
    if visit.person.role in _TEAM:
        _end_it(visit, found)


def facts(told: dict[str, str]) -> None:
    """Names and values, set to be read and compared."""
    items = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in told.items())
    st.html(f'<dl class="yr-facts">{items}</dl>')


def _end_it(visit: Visit, found: Round) -> None:
    notices.show("cancel")
    with st.popover("Cancel the round", type="tertiary", key="review-cancel"):
        blocks.plain(
            "The votes stay in the record, and nothing is decided. While nobody has voted, undo the opening instead."
        )
        st.text_input("Why is it cancelled?", key="review-cancel-why", max_chars=300, persist_state="session")
        st.button("Cancel it for everybody", key="review-cancel-do", on_click=_cancel, args=(visit, found))


def _cancel(visit: Visit, found: Round) -> None:
    why = str(st.session_state.get("review-cancel-why") or "")
    if frame.attempt(lambda: _cancelled(visit, found, why), "The round is cancelled; its votes are kept."):
        st.session_state["review-cancel-why"] = ""
    else:
        notices.keep_for("cancel")


def _cancelled(visit: Visit, found: Round, why: str) -> bool:
    rounds.cancel(visit.store, visit.person.id, found, why)
    return True


# -- setting one up --------------------------------------------------------------------------------


def set_up(visit: Visit) -> None:
    """The plan of a round in plain words, what it can show, and who can vote."""
    dataset = dataset_rows.latest(visit.store, visit.project_id)
    ready = opening.ready_arms(visit.store, visit.project_id, dataset.id) if dataset else []
    if dataset is None or len(ready) < 2:
        frame.empty(
            "There is nothing to vote on yet",
            "A blind round needs answers of at least two arms to every test prompt of a frozen set: say, the base, a "
            "prompt "
            "and a tuned model.",
        )
        blocks.way(visit, "evaluate", "Let the arms answer", "review-evaluate")
        return
    frame.stale(loop.stale(visit.store, visit.project_id))
    blocks.section(
        "Set up a round",
        "People see two answers to the same message without knowing whose they are, and say which one they would "
        "rather send.",
    )
    blocks.note(dataset_parts.used(visit, dataset))
    plan = _plan(visit, dataset, ready)
    _outlook(visit, dataset, plan)
    _voters(visit)
    st.button(
        "Register and open the round", type="primary", key="review-open", on_click=_open, args=(visit, plan),
        disabled=not plan.baselines,
    )  # fmt: skip
    notices.show("open")


def _plan(visit: Visit, dataset: Dataset, ready: list[Arm]) -> rounds.Plan:
    names = {arm.id: arm.name for arm in ready}
    # Not for release: offered only where there is nothing else, and then as practice.
    fit = [arm for arm in ready if rounds.may_ship(visit.store, arm.run)] or ready
    newest = next((a for a in reversed(fit) if a.kind is ArmKind.tuned), fit[-1])
    ids, offered = list(names), [arm.id for arm in fit]
    with st.container(key="review-plan"):
        one, two = st.columns(2, gap="large")
        with one:
            candidate = st.selectbox(
                "Which one might ship? (the candidate)", offered, index=offered.index(newest.id),
                format_func=names.__getitem__, key="review-candidate", persist_state="session",
            )  # fmt: skip
        default = rounds.plan_for(visit.store, visit.project_id, candidate, dataset.id)
        others = [name for name in ids if name != candidate]
        with two:
            against = st.multiselect(
                "Which must it beat? (the baselines)", others, default=[b for b in default.baselines if b in others],
                format_func=names.__getitem__, key=f"review-against-{candidate}", persist_state="session",
            )  # fmt: skip
        most = dataset.splits.get("test", 0)
        return _numbers(candidate, tuple(against), dataset.id, most, default.second_readers > 0)


def _numbers(candidate: str, against: tuple[str, ...], dataset: str, most: int, second: bool) -> rounds.Plan:
    one, two, three = st.columns(3, gap="large")
    with one:
        cap = st.number_input(
            "Prompts, at most (cap)", 1, most, min(most, rounds.DEFAULT_CAP), key="review-cap", persist_state="session",
            help="The round stops earlier when it is decided.",
        )  # fmt: skip
    with two:
        margin = st.number_input(
            "A win that matters, of 100 prompts", 50, 80, 55, key="review-margin", persist_state="session",
            help="theta_min: preferred in at least so many of 100, a tie counting as half. 50 means any lead.",
        )  # fmt: skip
    with three:
        floor = st.number_input(
            "Fit to send as they are, of 100 answers", 0, 95, 60, key="review-floor", persist_state="session",
            help="The shippable floor: how many of the candidate's answers must be fit to send. 0: do not ask.",
        )  # fmt: skip
    doubled = st.checkbox(
        "Two people read one prompt in five, so that you see how far they agree",
        value=second,
        key="review-second",
        persist_state="session",
    )
    if doubled and not second:
        blocks.note("This needs two reviewers who really vote: such a prompt counts once both have.")
    return rounds.Plan(
        (candidate,), against, dataset, int(cap), margin / 100, floor / 100 if floor else None,
        second_readers=rounds.SECOND_READERS if doubled else 0.0,
    )  # fmt: skip


def _outlook(visit: Visit, dataset: Dataset, plan: rounds.Plan) -> None:
    if not plan.baselines:
        blocks.note("Choose at least one arm that it must beat.")
        return
    counts = _slices(visit.store, str(visit.store.workspace), dataset.id)
    brief = briefs.latest(visit.store, visit.project_id)
    share = plan.cap / max(1, sum(counts.values()))
    slices = tuple(
        planning.PlannedSlice(s.name, round(counts.get(s.name, 0) * share), s.critical)
        for s in (brief.slices if brief else ())
    )
    told = [
        _simulated(plan.cap, len(plan.baselines), slices, plan.floor, plan.theta_min, theta)
        for theta in (0.6, 0.7, 0.8)
    ]
    blocks.section("What this round can show", _planned_sentence(plan))
    rows = [
        [f"{100 * o.theta:.0f} of 100", blocks.percent(o.preferred), blocks.percent(o.go), _typical(o, plan.cap)]
        for o in told
    ]
    blocks.table(
        ["If people truly prefer it in", "the preference is found", "all that votes must show", "prompts needed"],
        rows, "Share of 200 simulated rounds, a quarter of the votes ties, four of five answers fit to send",
    )  # fmt: skip
    if told[-1].thin:
        thin = ", ".join(f"{name} ({n})" for name, n in told[-1].thin)
        frame.warnings([f"Too few prompts to clear a critical slice, however good the candidate is: {thin}."])


def _planned_sentence(plan: rounds.Plan) -> str:
    arms = blocks.several(len(plan.baselines), "arm")
    return f"With {blocks.several(plan.cap, 'prompt')} and {arms} to beat, by simulation of the rule that will decide."


def _typical(found: planning.Outlook, cap: int) -> str:
    return f"about {found.typical}" if found.typical is not None else f"more than {cap}"


@st.cache_data(max_entries=64, show_spinner="Simulating rounds like this one")
def _simulated(
    cap: int, baselines: int, slices: tuple[planning.PlannedSlice, ...], floor: float | None, theta_min: float,
    theta: float,
) -> planning.Outlook:  # fmt: skip
    return planning.outlook(cap, baselines, slices, floor=floor, theta_min=theta_min, theta=theta)


@st.cache_data(max_entries=16, show_spinner=False)
def _slices(_store: Store, workspace: str, dataset: str) -> dict[str, int]:
    found = dataset_rows.get(_store, dataset)
    return dict(Counter(e.slice for e in datasets.rows_in(_store, found, Split.test))) if found else {}


def _voters(visit: Visit) -> None:
    found = rounds.independent_people(visit.store, visit.project_id)
    if found:
        names = ", ".join(p.name for p in found)
        blocks.section("Who decides it", f"{names} can vote and be counted. Others' votes stay outside the count.")
        return
    blocks.section("This will be a practice round")
    blocks.plain(
        "Everybody here wrote examples or prompts, started a job or saw the answers under their authors' names. A "
        "practice "
        "round gives the same figures, and its verdict is always INCONCLUSIVE: nothing ships on it."
    )
    if visit.person.role is Role.admin:
        blocks.way(visit, "admin", "Invite a reviewer", "review-invite")
    else:
        blocks.note("To make it count, ask an admin to invite a reviewer who has seen nothing of this.")


def _open(visit: Visit, plan: rounds.Plan) -> None:
    opened = frame.attempt(
        lambda: rounds.open_round(visit.store, visit.person.id, visit.project_id, plan),
        "The round is registered and open. Reviewers find it under Blind round.",
    )
    if opened is None:
        notices.keep_for("open")
