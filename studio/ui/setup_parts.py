"""Setting a blind round up: the plan as a form in plain words. What it can show stands above it (`setup_outlook`)."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from studio import costs, datasets, loop
from studio.records import PROMPTING, Arm, ArmKind, Dataset, Role, Split
from studio.review import opening, rounds
from studio.review.gold import GoldRule
from studio.review.scoring import Guardrail
from studio.review.sentinels import Sentinels
from studio.store import Store, briefs
from studio.store import datasets as dataset_rows
from studio.store import rounds as round_rows
from studio.ui import blocks, dataset_parts, draft_fields, expert_parts, frame, notices, sentinel_parts, setup_outlook
from studio.ui.access import Visit

_WATCHED = {"watch": "must not get worse", "critical": "critical: must be cleared", "off": "not watched"}
_MANY_ARMS = 3
_FIELDS = (
    "candidates", "order", "against", "cap", "votes", "margin", "floor", "second", "gold", "gold-right", "repeats",
    "sentinels", "plain", "deadline",
)  # fmt: skip
_OF_SLICES = ("slice", "delta", "experts")


@dataclass(frozen=True)
class _About:
    """What the form is about. `names`: of the arms that answered everything; `fit`: those that may ever ship."""

    dataset: str
    prompts: int
    spare: int
    names: dict[str, str]
    fit: tuple[Arm, ...]
    slices: tuple[tuple[str, int, bool], ...]

    def key(self, field: str) -> str:
        """The session key of a field: another set of prompts has fields of its own."""
        return f"review-{field}-{self.dataset}"


def set_up(visit: Visit) -> None:
    """The plan of a round in plain words, what it can show, and who can vote."""
    dataset = dataset_rows.latest(visit.store, visit.project_id)
    ready = opening.ready_arms(visit.store, visit.project_id, dataset.id) if dataset else []
    if dataset is None or len(ready) < 2:
        frame.empty(
            "There is nothing to vote on yet",
            "A blind round needs answers of at least two arms to every test prompt of a frozen set: say, the base, a "
            "prompt and a tuned model.",
        )
        blocks.way(visit, "evaluate", "Let the arms answer", "review-evaluate")
        return
    frame.stale(loop.stale(visit.store, visit.project_id))
    blocks.section(
        "Set up a round",
        "People see two answers to the same message without knowing whose they are, and say which one they would "
        "rather send.",
    )
    about = _about(visit, dataset, ready)
    first = st.container(key="review-outlook")
    with st.container(key="review-plan"):
        _form(visit, about)
    plan = _read(visit, about)
    with first:
        setup_outlook.show(visit, plan, about.names, {name: n / about.prompts for name, n, _ in about.slices})
    blocks.note(dataset_parts.used(visit, dataset))
    _voters(visit)
    st.button(
        "Register and open the round", type="primary", key="review-open", on_click=_open, args=(visit, about),
        disabled=not plan.candidates or not all(each.baselines for each in plan.contests),
    )  # fmt: skip
    notices.show("open")


def _about(visit: Visit, dataset: Dataset, ready: Sequence[Arm]) -> _About:
    # Not for release: offered only where there is nothing else, and then as practice.
    fit = [arm for arm in ready if rounds.may_ship(visit.store, arm.run)] or ready
    counts, spare = _prompts(visit.store, str(visit.store.workspace), dataset.id)
    brief = briefs.latest(visit.store, visit.project_id)
    slices = tuple((s.name, counts.get(s.name, 0), s.critical) for s in (brief.slices if brief else ()))
    names = {arm.id: arm.name for arm in ready}
    return _About(dataset.id, dataset.splits.get("test", 0), spare, names, tuple(fit), slices)


@st.cache_data(max_entries=16, show_spinner=False)
def _prompts(_store: Store, workspace: str, dataset: str) -> tuple[dict[str, int], int]:
    """How many test prompts each slice has, and how many messages gold can be made of."""
    found = dataset_rows.get(_store, dataset)
    if found is None:
        return {}, 0
    spare = datasets.rows_in(_store, found, Split.validation)
    return dict(Counter(e.slice for e in datasets.rows_in(_store, found, Split.test))), len(spare)


# -- the form --------------------------------------------------------------------------------------


def _form(visit: Visit, about: _About) -> None:
    candidates = _candidates(visit, about)
    _baselines(visit, about, candidates)
    default = rounds.plan_for(visit.store, visit.project_id, candidates[-1] if candidates else "", about.dataset)
    _numbers(visit, about, default)
    if about.slices:
        _slices(visit, about)
        expert_parts.choose(visit, [name for name, _, _ in about.slices], about.key)
    _trust(visit, about, candidates[-1] if candidates else "")
    plan = _read(visit, about)
    _looks(visit, plan, about)
    _for_reviewers(visit, about)


def _candidates(visit: Visit, about: _About) -> list[str]:
    """Which arms might ship, the cheapest first; the order can be changed where it matters."""
    newest = next((a for a in reversed(about.fit) if a.kind is ArmKind.tuned), about.fit[-1])
    chosen = draft_fields.many(
        visit, "Which might ship? (candidates)", about.key("candidates"), {arm.id: arm.name for arm in about.fit},
        [newest.id], min(_MANY_ARMS, len(about.names) - 1),
        help="Let the prompt compete beside the tuned model to learn whether the prompt is enough.",
    )  # fmt: skip
    ordered = _in_order(visit, about, chosen)
    if len(ordered) < 2:
        if ordered == [newest.id] and any(arm.kind in PROMPTING for arm in about.fit):
            blocks.note(
                "Is the prompt enough already? Choose it as well: it is then tested first, and named if it passes."
            )
        return ordered
    blocks.note(
        "The cheapest is tested first, and the verdict names the cheapest one that passes. A dearer one must beat the "
        "cheaper ones, too."
    )
    for place, name in enumerate(ordered):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"review-place-{place}"):
            st.html(f'<p class="yr-place"><b>{place + 1}</b> {escape(about.names[name])}</p>', width="content")
            if place:
                st.button(
                    "Test it earlier", key=f"review-earlier-{name}", type="tertiary", icon=":material/arrow_upward:",
                    on_click=_earlier, args=(visit, about, name),
                )  # fmt: skip
    return ordered


def _in_order(visit: Visit, about: _About, chosen: Sequence[str]) -> list[str]:
    """In the order that somebody chose; once an arm is new in it, the costs put them all in order."""
    key = about.key("order")
    kept = [name for name in draft_fields.several(visit, key, about.names) if name in chosen]
    if set(kept) == set(chosen):
        st.session_state[key] = kept
    else:
        prices = {m.arm.id: (m.currency, m.together) for m in costs.measured(visit.store, visit.project_id)}
        arms = [arm for arm in about.fit if arm.id in chosen]
        draft_fields.forget(visit, key, [arm.id for arm in opening.in_cost_order(arms, prices)])
    return list(st.session_state[key])


def _earlier(visit: Visit, about: _About, name: str) -> None:
    order = list(st.session_state[about.key("order")])
    at = order.index(name)
    order[at - 1], order[at] = order[at], order[at - 1]
    draft_fields.put(visit, about.key("order"), order)


def _baselines(visit: Visit, about: _About, candidates: Sequence[str]) -> None:
    others = {name: said for name, said in about.names.items() if name not in candidates}
    newest = candidates[-1] if candidates else ""
    default = rounds.plan_for(visit.store, visit.project_id, newest, about.dataset).baselines
    draft_fields.many(
        visit,
        "Which must they beat? (baselines)" if len(candidates) > 1 else "Which must it beat? (baselines)",
        about.key("against"), others, [name for name in default if name in others],
        opening.MOST_ARMS - len(candidates),
    )  # fmt: skip


def _numbers(visit: Visit, about: _About, default: rounds.Plan) -> None:
    one, two, three, four = st.columns(4, gap="medium")
    with one:
        draft_fields.whole(
            visit, "Prompts, at most (cap)", about.key("cap"), min(about.prompts, rounds.DEFAULT_CAP),
            (1, about.prompts), help="The round stops earlier when it is decided.",
        )  # fmt: skip
    with two:
        draft_fields.whole(
            visit, "Votes on each prompt", about.key("votes"), 1, (1, opening.MOST_VOTES),
            help="New prompts tell more than further votes on the same ones.",
        )  # fmt: skip
    with three:
        draft_fields.whole(
            visit, "A win that matters, of 100", about.key("margin"), 55, (50, 80),
            help="theta_min: preferred in at least so many of 100 prompts, a tie counting as half. 50 means any lead.",
        )  # fmt: skip
    with four:
        draft_fields.whole(
            visit, "Fit to send, of 100 answers", about.key("floor"), 60, (0, 95),
            help="The shippable floor: how many of the candidate's answers must be fit to send. 0: do not ask.",
        )  # fmt: skip
    second = default.second_readers > 0
    doubled = draft_fields.flag(
        visit, "Two people read one prompt in five, so that you see how far they agree", about.key("second"), second
    )
    if doubled and not second:
        blocks.note("This needs two reviewers who really vote: such a prompt counts once both have.")


def _slices(visit: Visit, about: _About) -> None:
    usual = {name: "critical" if must else "watch" for name, _, must in about.slices}
    chosen = {n: draft_fields.which(visit, about.key(f"slice-{n}"), _WATCHED, word) for n, word in usual.items()}
    critical = [name.replace("_", " ") for name, word in chosen.items() if word == "critical"]
    told = f"critical: {', '.join(critical)}" if critical else "none is critical"
    with st.expander(f"Kinds of input to watch ({told})", key="review-slices"):
        blocks.note(
            "A kind of input (slice) that people clearly like less stops the round. A critical one must also be shown "
            "to be no worse by more than the margin, which takes 50 to 100 prompts of that kind."
        )
        for name, prompts, _ in about.slices:
            one, two = st.columns([2, 1], gap="medium")
            with one:
                draft_fields.pick(
                    visit, f"{name.replace('_', ' ')} ({blocks.several(prompts, 'test prompt')})",
                    about.key(f"slice-{name}"), _WATCHED, usual[name],
                )  # fmt: skip
            with two:
                draft_fields.whole(visit, "May lose, of 100 (delta)", about.key(f"delta-{name}"), 10, (1, 40))


def _trust(visit: Visit, about: _About, candidate: str) -> None:
    usual = min(5, about.prompts // 20, about.spare)
    with st.expander("Can the votes be trusted? (gold, repeats, sentinels)", key="review-trust"):
        blocks.note(
            "Gold: the ideal answer to a message of the validation split beside the same cut in half, or beside "
            "another message's. A repeat: a pair that its reviewer saw before, sides swapped. No page tells which "
            "pairs they are, though one that breaks off can be noticed; none of them says anything about the arms."
        )
        one, two, three = st.columns(3, gap="medium")
        with one:
            gold = draft_fields.whole(
                visit, "Gold pairs for each reviewer", about.key("gold"), usual, (0, min(20, about.spare))
            )
        with two:
            draft_fields.whole(
                visit, "Of them right, at least", about.key("gold-right"), max(0, usual - 1), (0, 20),
                help="Whoever gets so many wrong that this is out of reach leaves the count, with all their votes.",
            )  # fmt: skip
        with three:
            draft_fields.whole(
                visit, "Repeats in the round", about.key("repeats"), min(10, about.prompts // 20),
                (0, max(1, about.prompts // 2)),
                help="How consistent reviewers are; shown afterwards, decides nothing.",
            )  # fmt: skip
        if gold:
            blocks.note(GoldRule(gold, min(_number(about, "gold-right"), gold)).sentence)
        sentinel_parts.choose(visit, about.dataset, candidate, about.key)


def _looks(visit: Visit, plan: rounds.Plan, about: _About) -> None:
    """What would give an arm away, and the way to hide it."""
    if told := setup_outlook.telling(visit, plan, about.names):
        frame.warnings(told)
    draft_fields.flag(
        visit, "Show all answers without Markdown marks (headings, bold, lists begun alike)", about.key("plain"),
        help="For arms that could be told apart by their formatting. What was written is kept. Length stays as it is.",
    )  # fmt: skip


def _for_reviewers(visit: Visit, about: _About) -> None:
    last = next(iter(round_rows.every(visit.store, visit.project_id)), None)
    one, two = st.columns([3, 1], gap="medium")
    with one:
        draft_fields.area(
            visit, "Guidelines for the reviewers (optional)", about.key("guidelines"),
            str(last.registration.get("guidelines", "")) if last else "", max_chars=opening.MOST_WORDS, height=110,
            placeholder="Say in your own words what to look at, what to forgive, and whom to ask.",
        )  # fmt: skip
    with two:
        today = datetime.datetime.now(datetime.UTC).date()
        draft_fields.day(visit, "Deadline (optional)", about.key("deadline"), first=today)


# -- what it says ----------------------------------------------------------------------------------


def _number(about: _About, field: str) -> int:
    return int(st.session_state[about.key(field)])


def _read(visit: Visit, about: _About) -> rounds.Plan:
    """The plan as the form says it now; also for a press that comes with the last change of a field."""
    typed = st.session_state
    candidates = tuple(_in_order(visit, about, typed[about.key("candidates")]))
    gold, day = _number(about, "gold"), typed.get(about.key("deadline"))
    return rounds.Plan(
        candidates=candidates,
        baselines=tuple(name for name in typed.get(about.key("against"), []) if name not in candidates),
        dataset=about.dataset,
        cap=_number(about, "cap"),
        theta_min=_number(about, "margin") / 100,
        floor=_number(about, "floor") / 100 or None,
        guardrails=tuple(
            Guardrail(name, _number(about, f"delta-{name}") / 100, typed[about.key(f"slice-{name}")] == "critical")
            for name, _, _ in about.slices
            if typed[about.key(f"slice-{name}")] != "off"
        ),
        votes=_number(about, "votes"),
        second_readers=rounds.SECOND_READERS if typed[about.key("second")] else 0.0,
        gold=gold,
        gold_right=min(gold, _number(about, "gold-right")),
        repeats=_number(about, "repeats"),
        sentinels=_sentinels(visit, about, candidates),
        shown_plain=bool(typed.get(about.key("plain"))),
        guidelines=str(typed.get(about.key("guidelines")) or ""),
        deadline=day.isoformat() if day else "",
        experts=expert_parts.chosen([name for name, _, _ in about.slices], about.key),
    )


def _sentinels(visit: Visit, about: _About, candidates: Sequence[str]) -> Sentinels:
    wanted = int(st.session_state.get(about.key("sentinels")) or 0)
    if not wanted or not candidates:
        return Sentinels()
    return sentinel_parts.of(visit, about.dataset, candidates[-1]).first(wanted)


def _voters(visit: Visit) -> None:
    found = rounds.independent_people(visit.store, visit.project_id)
    if found:
        names = ", ".join(p.name for p in found)
        blocks.section("Who decides it", f"{names} can vote and be counted. Others' votes stay outside the count.")
        return
    blocks.section("This will be a practice round")
    blocks.plain(
        "Everybody here wrote examples or prompts, started a job or saw the answers under their authors' names. A "
        "practice round gives the same figures, and its verdict is always INCONCLUSIVE: nothing ships on it."
    )
    if visit.person.role is Role.admin:
        blocks.way(visit, "admin", "Invite a reviewer", "review-invite")
    else:
        blocks.note("To make it count, ask an admin to invite a reviewer who has seen nothing of this.")


def _open(visit: Visit, about: _About) -> None:
    opened = frame.attempt(
        lambda: rounds.open_round(visit.store, visit.person.id, visit.project_id, _read(visit, about)),
        "The round is registered and open. Reviewers find it under Blind round.",
    )
    if opened is None:
        notices.keep_for("open")
    else:
        draft_fields.forget(visit, about.key("guidelines"), opened.registration["guidelines"])
        for field in (*_FIELDS, *(f"{each}-{name}" for each in _OF_SLICES for name, _, _ in about.slices)):
            draft_fields.saved_as(visit, about.key(field))
