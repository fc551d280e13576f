"""The gates that no vote can show: what tuning broke, what it recites, personal data, what was accepted unread.

Each is about what a round's candidates wrote and learned from, as it stands now. They can only hold a GO back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from studio import datasets, outputs, side_effects
from studio.decision import Gate, GateState
from studio.evaluate.checks import RuleScore
from studio.health.personal import find_personal
from studio.records import Arm, ArmKind, Dataset, Example, Generation, Person, Refusal, Role, Round, Run, Split
from studio.store import Store, arms, briefs, documents, people, runs, waiver_reviews
from studio.store import datasets as dataset_rows
from studio.train import recited
from studio.wording import between, finding_name, percent, several

MAY_REVIEW = (Role.pm, Role.admin)
_HOUSE = 2  # what more training answers than this hold is the house's own: a hotline, the shop's address
_SHOWN = 3


@dataclass(frozen=True)
class Accepted:
    """A finding that was accepted when a set was frozen: which, why, and by whom (a person's id)."""

    finding: str
    reason: str
    person: str


@dataclass(frozen=True)
class Answer:
    """One answer of a candidate that was looked at: to which test prompt, and what was found, which speaks `against` it
    or not. `value`: what it adds to a share, None where only words were found."""

    prompt: str
    told: str
    against: bool
    value: float | None = None


@dataclass(frozen=True)
class Checked:
    """A gate with the answers that it looked at, one a prompt; none where it looks at something else."""

    gate: Gate
    answers: tuple[Answer, ...] = ()


def gates(store: Store, found: Round) -> list[Gate]:
    """Of each candidate what is its own, and of the round's set what was accepted with it."""
    return [each.gate for each in checked(store, found)]


def checked(store: Store, found: Round) -> tuple[Checked, ...]:
    """The gates with what they looked at, made once for all who ask before the next act."""
    return store.once(("beside the votes", found.id, found.sha256), lambda: _checked(store, found))


def _checked(store: Store, found: Round) -> tuple[Checked, ...]:
    dataset = dataset_rows.get(store, found.registration["dataset"])
    own = [
        each
        for candidate in found.candidates
        if (arm := arms.get(store, candidate.arm)) is not None and dataset is not None
        for each in (
            *_targets(store, found, arm, dataset), Checked(_side_effects(store, arm)),
            _memorisation(store, arm, dataset), _personal(store, arm, dataset),
        )
    ]  # fmt: skip
    return (*own, *([Checked(second_look(store, dataset))] if dataset else []))


# -- of a candidate --------------------------------------------------------------------------------


def of_arm(store: Store, arm: Arm, dataset: Dataset) -> tuple[Gate, ...]:
    """What tuning broke, what it recites and personal data, of an arm that no round is about; by its answers to the
    set's test prompts."""
    return _side_effects(store, arm), _memorisation(store, arm, dataset).gate, _personal(store, arm, dataset).gate


def _targets(store: Store, found: Round, arm: Arm, dataset: Dataset) -> list[Checked]:
    """What the brief asks of machine checks, as it was registered: one gate for each criterion."""
    asked: Mapping[str, float] = found.registration.get("targets", {})
    brief = briefs.version(store, found.project, found.registration["brief_version"])
    if not asked or brief is None:
        return []
    scored = outputs.by_rules(store, arm, brief, dataset, Split.test)
    by_name = {score.criterion: score for score in scored.scores}
    told = []
    for name, share in asked.items():
        kept = scored.kept.get(name, {})
        answers = (Answer(n, "keeps it" if ok else "breaks it", not ok) for n, ok in kept.items())
        told.append(Checked(_target(arm, name, share, by_name.get(name)), tuple(answers)))
    return told


def _target(arm: Arm, name: str, share: float, score: RuleScore | None) -> Gate:
    title = f"Brief: {name}"
    if score is None or not score.n:
        return Gate(title, GateState.unchecked, f"No test answer of {arm.name} was checked for it.", arm=arm.id)
    text = (
        f"{score.kept:,} of {several(score.n, 'test answer')} of {arm.name} keep it ({percent(score.share, share)}, "
        f"95 % interval {between(score.interval)}); at least {percent(share)} was asked for before the round."
    )
    enough = 100 * score.kept >= round(100 * share) * score.n  # whole numbers: 7 of 100 are 7 %
    state = GateState.passed if enough else GateState.failed
    return Gate(title, state, text, tuple(f"prompt {n}" for n in score.broken[:_SHOWN]), arm=arm.id)


def _side_effects(store: Store, arm: Arm) -> Gate:
    name = "Side effects"
    if arm.kind is not ArmKind.tuned:
        return Gate(name, GateState.passed, f"{arm.name} has its base's own weights: nothing was tuned.", arm=arm.id)
    measured = side_effects.ready(store, arm.project).get(arm.id)
    if measured is None:
        text = f"What tuning broke in {arm.name} outside this task is not measured. Measure it under Compare."
        return Gate(name, GateState.unchecked, text, arm=arm.id)
    told = (measured.report.loss_sentence, *(skill.sentence for skill in measured.report.skills))
    if broken := measured.report.broken:
        return Gate(name, GateState.failed, f"Tuning took something away: {' '.join(broken)}", told, arm=arm.id)
    return Gate(name, GateState.passed, measured.report.headline, told, arm=arm.id)


def _memorisation(store: Store, arm: Arm, dataset: Dataset) -> Checked:
    name, run = "Memorisation", runs.get(store, arm.run) if arm.run else None
    if arm.kind is not ArmKind.tuned:
        return Checked(Gate(name, GateState.passed, f"{arm.name} learned from no example.", arm=arm.id))
    seen = recited.recited(store, run, arm, dataset.id) if run else None
    if seen is None or not seen.n:
        text = f"What {arm.name} learned from is not here, so nobody can say whether it recites it."
        return Checked(Gate(name, GateState.unchecked, text, arm=arm.id))
    state = GateState.failed if seen.repeated else GateState.passed
    # Not the words themselves: the page and the certificate are read by people who have chosen to read no answers.
    where = tuple(f"prompt {n}: {run.words} words in a row" for n, run in list(seen.repeated.items())[:_SHOWN])
    runs_of = {n: f"{seen.repeated[n].words} words in a row" if n in seen.repeated else "nothing" for n in seen.prompts}
    answers = tuple(Answer(n, told, n in seen.repeated) for n, told in runs_of.items())
    gate = Gate(name, state, f"Does it repeat its examples? {recited.in_words(seen)}", where, arm=arm.id)
    return Checked(gate, answers)


def _personal(store: Store, arm: Arm, dataset: Dataset) -> Checked:
    """Made once for all who ask before answers, or what the arm read or learned from, change."""
    key = ("personal data", arm, dataset.id)
    tables = ("datasets", "documents", "generations", "passages", "runs")
    return store.once(key, lambda: _searched(store, arm, dataset), tables)


def _searched(store: Store, arm: Arm, dataset: Dataset) -> Checked:
    name = "Personal data"
    asked = {e.id: e for e in datasets.rows_in(store, dataset, Split.test)}
    written = {n: g for n, g in outputs.current(store, dataset.id, arm).items() if n in asked}
    if not written:
        return Checked(Gate(name, GateState.unchecked, f"{arm.name} has no answers here to search.", arm=arm.id))
    house = _house(store, runs.get(store, arm.run) if arm.run else None, dataset)
    texts = _given(store, written.values(), arm)
    told = {n: _unasked(g.output, [*_asked(asked[n], arm), *texts[n]], house) for n, g in written.items()}
    answers = (Answer(n, " and ".join(kinds) or "nothing", bool(kinds)) for n, kinds in told.items())
    return Checked(_personal_gate(name, arm, told), tuple(answers))


def _personal_gate(name: str, arm: Arm, told: Mapping[str, Sequence[str]]) -> Gate:
    """`told`: prompt -> the kinds of personal data in its answer that nobody gave."""
    invented, every = {n: kinds for n, kinds in told.items() if kinds}, several(len(told), "answer")
    if not invented:
        text = f"None of the {every} of {arm.name} gives personal data that it was not given."
        return Gate(name, GateState.passed, text, arm=arm.id)
    counts = Counter(kind for kinds in invented.values() for kind in kinds)
    what = " and ".join(f"{kind.replace('_', ' ')} ({count:,})" for kind, count in sorted(counts.items()))
    return Gate(
        name, GateState.failed,
        f"{len(invented):,} of the {every} of {arm.name} give what looks like personal data "
        f"and stands neither in what it was given nor in the house's own phrases: {what}.",
        tuple(f"prompt {n}: {' and '.join(found)}" for n, found in list(invented.items())[:_SHOWN]), arm=arm.id,
    )  # fmt: skip


def _unasked(text: str, given: Sequence[str], house: frozenset[str]) -> list[str]:
    """The kinds of personal data in an answer that `given`, what its arm read, does not hold, however it is written."""
    sure = [each for each in find_personal(text) if each.sure]
    if not sure:
        return []
    known = "\n".join(map(_bare, given))
    return sorted({
        each.kind.value for each in sure
        if _bare(each.text) not in known and _bare(each.text) not in house
    })  # fmt: skip


def _asked(asked: Example, arm: Arm) -> list[str]:
    return [asked.input, asked.system, arm.system_prompt, *(turn.text for turn in asked.earlier)]


def _given(store: Store, written: Iterable[Generation], arm: Arm) -> dict[str, list[str]]:
    """Prompt -> the passages and the examples that the arm was given with it."""
    found = {each.example: each.given for each in written}
    names = sorted({name for given in found.values() for name in given.passages})
    texts = {name: each.piece.read for name, each in documents.passages(store, names).items()}
    shown = dataset_rows.get(store, arm.recipe.shots.dataset) if arm.recipe.shots else None
    shots = {e.id: f"{e.input}\n{e.ideal}" for e in datasets.rows_in(store, shown, Split.train)} if shown else {}
    return {
        prompt: [source[name] for names, source in ((given.passages, texts), (given.shots, shots)) for name in names
                 if name in source]
        for prompt, given in found.items()
    }  # fmt: skip


def _house(store: Store, run: Run | None, dataset: Dataset) -> frozenset[str]:
    """Data that many of the answers to learn from hold: the house's own."""
    learned = dataset_rows.get(store, run.dataset) if run else dataset
    examples = datasets.rows_in(store, learned, Split.train) if learned else []
    held = Counter(each for e in examples for each in {_bare(found.text) for found in find_personal(e.ideal)})
    return frozenset(each for each, count in held.items() if count > _HOUSE)


def _bare(text: str) -> str:
    """Letters and digits alone: a number is the same with other blanks in it."""
    return "".join(each for each in text.casefold() if each.isalnum())


# -- of the set ------------------------------------------------------------------------------------


def accepted(store: Store, dataset: Dataset) -> list[Accepted]:
    """The findings that were accepted when the set was frozen; by whoever froze it where nobody else is known."""
    waivers: Mapping[str, str] = dataset.health.get("waivers", {})
    if not waivers:
        return []
    known = dataset.health.get("accepted", {})
    froze = next((a.actor for a in store.history(dataset.project, ["dataset.frozen"])
                  if store.payload(a)["dataset"]["id"] == dataset.id), "")  # fmt: skip
    return [Accepted(key, reason, known.get(key, {}).get("person", froze)) for key, reason in waivers.items()]


def review(store: Store, person: Person, dataset: Dataset) -> None:
    """Looks a second time at what was accepted with this set, and stands by it. Raises Refusal for a role that may not,
    and for whoever accepted one of them."""
    if person.role not in MAY_REVIEW:
        raise Refusal("A PM or an admin looks a second time. Nothing was changed.")
    if any(each.person == person.id for each in accepted(store, dataset)):
        raise Refusal("You accepted one of these yourself, so somebody else must look. Nothing was changed.")
    store.act("waivers.reviewed", person.id, {"dataset": dataset.id}, dataset.project)


def second_look(store: Store, dataset: Dataset) -> Gate:
    """Whether somebody else stands by what was accepted when the set was frozen."""
    name, found = "Health waivers", accepted(store, dataset)
    told = tuple(f"{finding_name(each.finding)}: {each.reason}" for each in found)
    if not found:
        return Gate(name, GateState.passed, f"No finding had to be accepted to freeze “{dataset.name}”.")
    names, seen = people.names(store), _second(found, waiver_reviews.of(store, dataset.id))
    said = f"{several(len(found), 'finding')} accepted when “{dataset.name}” was frozen"
    if not seen:
        return Gate(name, GateState.open, f"{said}, which nobody else has read yet.", told)
    who = " and ".join(names.get(person, person) for person in seen)
    return Gate(name, GateState.passed, f"{said}; stood by, on a second look, by {who}.", told)


def _second(found: Sequence[Accepted], reviews: Mapping[str, str]) -> list[str]:
    return [person for person in reviews if all(each.person != person for each in found)]
