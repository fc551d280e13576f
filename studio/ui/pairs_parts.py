"""After a round: every pair with its votes, what its reviewers wrote, and what can be made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from studio import datasets, export_command, outputs, signing, vote_sets
from studio.decision import Ruling
from studio.records import Choice, Example, Pair, PairKind, Prompt, Round, Split, Vote
from studio.review import dealing, gold
from studio.store import Store, arms, people
from studio.store import datasets as dataset_rows
from studio.store import rounds as round_rows
from studio.ui import answers, blocks, conversation, frame, like_parts, notices
from studio.ui.access import Visit

_PAGE = 10
_CHOICES = {
    Choice.a: "{candidate} is better", Choice.b: "{baseline} is better", Choice.tie: "about the same",
    Choice.both_bad: "both bad", Choice.skip: "skipped",
}  # fmt: skip
_WORDS, _BETTER = "words", "better"
_KINDS = {
    PairKind.gold: "To check attention: one side was made worse on purpose. It decides nothing about the arms.",
    PairKind.repeat: "Shown a second time, with the sides changed, to the same reviewer. It decides nothing.",
    PairKind.sentinel: "Both answers are the same arm's. It decides nothing.",
}


def pairs(visit: Visit, found: Round, ruled: Ruling, *, to_train: bool) -> None:
    """Every pair of a closed round with its votes, and the votes to take away. `to_train`: also, as preferences, those
    of all closed rounds."""
    blocks.section("Every pair with its votes")
    marks = [word for word, told in (("scripted", ruled.scripted), ("practice", ruled.practice)) if told]
    read = _has_read(visit)
    with st.container(horizontal=True, gap="small"):
        _votes(visit, found, "-".join(["votes", *marks, found.id]) + ".csv")
        if read and to_train:  # the file holds the answers, the preferred one first
            _preferences(visit, "-".join(["preferences", *marks]) + ".jsonl")
    notices.show("taken")
    if not read:
        blocks.note(answers.PRICE)
        _ask(visit, found)
        return
    _explorer(visit, found)


def one(visit: Visit, found: Round, name: str) -> None:
    """One pair of a closed round with its votes, for those who have chosen to read them. `name`: its id."""
    if not _has_read(visit):
        _ask(visit, found)
        return
    every, cast = round_rows.pairs(visit.store, found.id), round_rows.votes(visit.store, found.id)
    _listed(visit, found, [pair for pair in every if pair.id == name], _Votes.of(found, every, cast))


def _has_read(visit: Visit) -> bool:
    return visit.person.id in arms.saw_tests(visit.store, visit.project_id)


def _ask(visit: Visit, found: Round) -> None:
    """What reading them costs, before anybody does."""
    blocks.plain(
        "Here each answer stands under its author's name, and the preferred ones can be taken away to train with. "
        "Whoever has read them is no longer blind: your votes in later rounds of this project are then kept, but "
        "they decide nothing, and what you change of a prompt afterwards is counted."
    )
    st.button("Show the pairs", key="decision-show-pairs", on_click=_saw, args=(visit, found))


def _saw(visit: Visit, found: Round) -> None:
    frame.attempt(
        lambda: outputs.saw_tests(visit.store, visit.person.id, visit.project_id, found.registration["dataset"])
    )


# -- to take away ----------------------------------------------------------------------------------


def _votes(visit: Visit, found: Round, name: str) -> None:
    store, project = visit.store, visit.project_id
    table = answers.telling(
        visit, found.registration["dataset"], lambda: export_command.votes_csv(store, project, found)
    )
    st.download_button(
        "Download the votes as CSV", table, name, "text/csv", key="decision-csv", icon=":material/download:",
        on_click="ignore", help="The counted votes in the table that `studio votes` reads.",
    )  # fmt: skip


@st.cache_data(max_entries=4, show_spinner=False)
def _taken(_store: Store, workspace: str, version: int, project: str) -> vote_sets.Found:
    return export_command.preferences_to_take(_store, project)


def _preferences(visit: Visit, name: str) -> None:
    """A file to learn from: its prompts are spent before it can be had."""
    made = _taken(visit.store, str(visit.store.workspace), visit.store.version, visit.project_id)
    if not visit.may_edit or not made.rows:
        return
    fresh = set(vote_sets.prompts_of(made)) - dataset_rows.spent(visit.store, visit.project_id).keys()
    if not fresh:
        st.download_button(
            f"Download {blocks.several(len(made.rows), 'preference pair')} (JSONL)",
            export_command.preferences_jsonl(made), name, "application/jsonl", key="decision-preferences",
            icon=":material/download:", on_click="ignore",
            help="prompt, chosen, rejected: as TRL's preference trainers read them. Of all closed rounds.",
        )  # fmt: skip
        return
    with st.popover("Preference pairs to train with…", key="decision-preferences-ask", icon=":material/download:"):
        blocks.plain(
            f"{blocks.several(len(made.rows), 'pair')} that people decided, of all closed rounds, as TRL reads them. "
            f"To learn from them elsewhere spends {blocks.several(len(fresh), 'test prompt')}: no arm can answer their "
            "test set and no round can open on it any more; results so far stay. For the next test, write fresh "
            "examples, mark them for testing and freeze a new set."
        )
        blocks.note("It can be undone, for when the file was never used.")
        st.button("Spend these prompts and make the file", key="decision-preferences-take", type="primary",
                  on_click=_take, args=(visit, made))  # fmt: skip


def _take(visit: Visit, made: vote_sets.Found) -> None:
    frame.attempt(
        lambda: vote_sets.take_out(visit.store, visit.person.id, visit.project_id, made),
        "The file is ready to download. Its prompts test nothing any more.",
    )
    notices.keep_for("taken")


# -- to read ---------------------------------------------------------------------------------------


@st.cache_data(max_entries=4, show_spinner=False)
def _prompts(_store: Store, workspace: str, dataset: str) -> dict[str, Example]:
    found = dataset_rows.get(_store, dataset)
    return {e.id: e for e in datasets.rows_in(_store, found, Split.test)} if found else {}


@dataclass(frozen=True)
class _Votes:
    """The votes on each pair (pair -> votes), and which of them count (pair, reviewer)."""

    on: Mapping[str, list[Vote]]
    inside: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, found: Round, every: Sequence[Pair], cast: Sequence[Vote]) -> _Votes:
        on: dict[str, list[Vote]] = {}
        for vote in cast:
            on.setdefault(vote.pair, []).append(vote)
        return cls(on, frozenset((vote.pair, vote.reviewer) for vote in dealing.counted(found, every, cast)))


def _explorer(visit: Visit, found: Round) -> None:
    every, cast = round_rows.pairs(visit.store, found.id), round_rows.votes(visit.store, found.id)
    votes = _Votes.of(found, every, cast)
    chosen = _filtered(every, votes.on, {**gold.NAMES, **signing.names(found)})
    if not chosen:
        blocks.note("No pair is like that.")
        return
    blocks.note(f"{blocks.several(len(chosen), 'pair')}, in the registered order.")
    pages = -(-len(chosen) // _PAGE)
    page = st.pagination(pages, key="decision-page") if pages > 1 else 1
    _listed(visit, found, chosen[(page - 1) * _PAGE : page * _PAGE], votes)


def _listed(visit: Visit, found: Round, shown: Sequence[Pair], cast: _Votes) -> None:
    names, who = {**gold.NAMES, **signing.names(found)}, people.names(visit.store)
    prompts = _prompts(visit.store, str(visit.store.workspace), found.registration["dataset"])
    for pair in shown:
        with st.container(border=True, key=f"decision-pair-{pair.id}"):
            votes = cast.on.get(pair.id, [])
            outside = {vote.reviewer for vote in votes if (pair.id, vote.reviewer) not in cast.inside}
            _pair(pair, votes, names[pair.candidate], names[pair.baseline], who, outside)
            if pair.example in prompts and pair.kind is PairKind.real:
                like_parts.like_it(visit, f"decision-{pair.id}", prompts[pair.example], _wanted(pair, votes),
                                   f"Blind round {found.id}, pair {pair.id}")  # fmt: skip


def _wanted(pair: Pair, votes: Sequence[Vote]) -> str:
    """What a new example would begin with: a reviewer's better answer, or else the answer that more people chose."""
    if better := next((vote.better for vote in votes if vote.better), ""):
        return better
    ours = sum({Choice.a: 1, Choice.b: -1}.get(vote.choice, 0) for vote in votes)
    return pair.left if (ours > 0) == pair.candidate_left else pair.right


def _filtered(every: Sequence[Pair], by_pair: Mapping[str, list[Vote]], names: dict[str, str]) -> list[Pair]:
    one, two, three = st.columns(3)
    against = sorted({(p.candidate, p.baseline) for p in every if p.kind is PairKind.real})
    slices = sorted({p.slice for p in every if p.slice})
    with one:
        arms_shown = st.selectbox(
            "Arms", [None, *against], key="decision-against",
            format_func=lambda both: f"{names[both[0]]} and {names[both[1]]}" if both else "All",
        )  # fmt: skip
    with two:
        said = st.selectbox("Votes that say", ["", *Choice, _WORDS, _BETTER], key="decision-said", format_func=_asked)
    with three:
        kind = st.selectbox(
            "Kind of input", ["", *slices], key="decision-slice", format_func=lambda s: s.replace("_", " ") or "All"
        )
    return [
        p for p in every
        if (not arms_shown or (p.candidate, p.baseline) == arms_shown) and (not kind or p.slice == kind)
        and any(_says(vote, said) for vote in by_pair.get(p.id, []))
    ]  # fmt: skip


def _asked(asked: str) -> str:
    more = {"": "Anything", _WORDS: "why, or a note", _BETTER: "what the better answer would be"}
    return more[asked] if asked in more else said(asked, "the candidate", "the baseline")


def _says(vote: Vote, said: str) -> bool:
    if said == _WORDS:
        return bool(vote.note or vote.reasons)
    return bool(vote.better) if said == _BETTER else not said or vote.choice == said


def _pair(
    pair: Pair, cast: Sequence[Vote], candidate: str, baseline: str, who: dict[str, str], outside: set[str]
) -> None:
    """`outside`: those whose votes do not count."""
    if pair.kind in _KINDS:
        blocks.note(_KINDS[pair.kind])
    conversation.shown(
        Prompt(pair.input, pair.earlier), f"Asked · {pair.slice.replace('_', ' ')}" if pair.slice else "Asked"
    )
    left, right = (candidate, baseline) if pair.candidate_left else (baseline, candidate)
    for column, text, name, side in zip(
        st.columns(2, gap="medium"), (pair.left, pair.right), (left, right), ("left", "right"), strict=True
    ):
        with column:
            frame.reading(text, f"{name} (shown on the {side})")
    marks = ["; outside the count" if vote.reviewer in outside else "" for vote in cast]
    blocks.bullets([
        f"{_spoken(vote, candidate, baseline, who)}{mark}" for vote, mark in zip(cast, marks, strict=True)
    ])  # fmt: skip
    for vote in cast:
        if vote.better:
            frame.reading(vote.better, f"What {who.get(vote.reviewer, vote.reviewer)} would rather have sent")


def said(choice: str, candidate: str, baseline: str) -> str:
    """A vote in words."""
    return _CHOICES[Choice(choice)].format(candidate=candidate, baseline=baseline)


def _spoken(vote: Vote, candidate: str, baseline: str, who: dict[str, str]) -> str:
    told = f"{who.get(vote.reviewer, vote.reviewer)}: {said(vote.choice, candidate, baseline)}"
    told += f", because of {' and '.join(f'“{name}”' for name in vote.reasons)}" if vote.reasons else ""
    ships = [name for name, yes in ((candidate, vote.shippable_a), (baseline, vote.shippable_b)) if yes]
    told += f"; could be sent: {' and '.join(ships)}" if ships else ""
    told += f"; {vote.reason}" if vote.reason else ""
    return told + (f"; “{vote.note}”" if vote.note else "")
