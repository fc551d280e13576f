"""Which figures a closed round has: each part of the Decision page lists its own here."""

from __future__ import annotations

from studio import beside_votes, checked, judgement, returns, signing, tradeoff
from studio.figures import on_price, on_reasons, on_reviewers, on_rules, on_stability, on_tradeoff, on_votes
from studio.figures.figure import Basis, Behind, Figure, Material, figure_id
from studio.records import Refusal, Round
from studio.review import dealing, reveal
from studio.review.assessment import Assessment
from studio.review.gates import FLOOR_NAME, Gate, Words, preference_name
from studio.review.reveal import Account
from studio.store import Store, guesses, people
from studio.store import rounds as round_rows


def of_round(store: Store, found: Round) -> tuple[Figure, ...]:
    """Every figure of a closed round, in the order of the Decision page, from the results that the page shows. Raises
    Refusal while the round is open."""
    return listed(material(store, found))


def material(store: Store, found: Round) -> Material:
    """What a closed round's figures are made from. Raises Refusal while it is open: nobody sees evidence until then."""
    if found.state != "closed":
        raise Refusal("The round is not closed, so it has no figures yet. Nothing was shown. Come back once it is.")
    return store.once(("figures", found.id), lambda: _gathered(store, found))


def _gathered(store: Store, found: Round) -> Material:
    pairs, votes = tuple(round_rows.pairs(store, found.id)), tuple(round_rows.votes(store, found.id))
    counted = tuple(dealing.counted(found, pairs, votes))

    def reasons() -> tuple[tuple[Account, ...], dict[str, tuple[Account, ...]]]:
        return reveal.accounts(pairs, counted), reveal.by_slice(pairs, counted)

    told = signing.judged(store, found)
    by_quality = (tradeoff.preferred(store, found, told.assessments), tradeoff.kept(store, found))
    return Material(
        found, pairs, votes, counted, tuple(guesses.of_round(store, found.id)), told,
        *store.once(("reasons", found.id, found.sha256), reasons, round_rows.TABLES),
        beside_votes.checked(store, found),
        checked.of_round(store, found, told.subject[0].candidate),
        signing.stability(store, found), signing.voted(store, found), people.names(store),
        returns.of_round(store, found, told.subject[0]), tuple(each for each in by_quality if each),
    )  # fmt: skip


def listed(made: Material) -> tuple[Figure, ...]:
    """The figures, each id once. Those of the candidate that the ruling speaks of come first in each section."""
    words = Words(judgement.names(made.found))
    votes = on_votes.figures(made, words)
    return (
        *_verdict(made, votes, words), *votes, *on_rules.figures(made, words),
        *on_stability.figures(made, words), *on_reasons.figures(made, words),
        *on_price.figures(made), *on_tradeoff.figures(made), *on_reviewers.figures(made, words),
    )  # fmt: skip


def named(figures: tuple[Figure, ...], name: str) -> Figure | None:
    """The figure with this id; None for an id that this round does not have."""
    return next((each for each in figures if each.id == name), None)


def _verdict(made: Material, votes: tuple[Figure, ...], words: Words) -> list[Figure]:
    """The ruling and its gates. A gate of the votes rests on the rows of the figure that it judges."""
    ruled, by_id = made.told.ruling, {each.id: each for each in votes}
    judged = judged_by(made.told.subject[0], words)
    single = [gate for gate in ruled.gates if not gate.is_slice]
    passed = sum(gate.state == "passed" for gate in single)
    told = f"{passed} of {len(single)} gates are passed, those on kinds of input apart."
    assessed = made.told.subject[0]
    found = [
        Figure("verdict", "Verdict", "The ruling", None, None, None, assessed.done, "verdict", ruled.headline,
               word=ruled.verdict.value),
        Figure("gates", "Gates", "Gates that are passed", passed, None, None, len(single), "gates", told, "gate"),
    ]  # fmt: skip
    looked = {(each.gate.name, each.gate.arm): len(each.answers) for each in made.beside}
    return [
        *found,
        *(
            _gate(gate, by_id.get(judged.get(gate.name, "")), looked.get((gate.name, gate.arm), 0))
            for gate in ruled.gates
        ),
    ]


def _gate(gate: Gate, judged: Figure | None, answers: int) -> Figure:
    """`judged`: the figure of the votes that it judges; `answers`: how many it looked at instead."""
    n, counts, behind = (judged.n, judged.counts, judged.behind) if judged else (answers, "answer", None)
    if answers:
        behind = Behind(Basis.answers, gate.arm, gate=gate.name)
    return Figure(
        figure_id("gates", gate.name), "Gates", gate.title, None, None, None, n, "state", gate.sentence, counts,
        gate.state.value, behind,
    )  # fmt: skip


def judged_by(assessed: Assessment, words: Words) -> dict[str, str]:
    """Gate -> the id of the figure that it judges, for the gates of the votes on one candidate."""
    arm = assessed.candidate
    found = {FLOOR_NAME: f"ships/{arm}", "Assignment audit": f"dealt/{arm}/evidence"}
    for against in assessed.against:
        name = words[against.baseline]
        found[preference_name(name)] = f"preference/{arm}/{against.baseline}/theta"
        found |= {
            f"{s.name} against {name}": figure_id("slices", arm, against.baseline, s.name) for s in against.slices
        }
    return found
