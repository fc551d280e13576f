"""The exit question: which answer came from the tuned model? Asked of pairs already voted on, counted after closing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from studio.records import ArmKind, Choice, Pair, PairKind, Person, Refusal, Round, Vote
from studio.review import rounds
from studio.review.sensitivity import ExitGuess, exit_guess
from studio.store import Store, guesses
from studio.store import rounds as round_rows
from studio.store.guesses import Guess, Guessed

ASKED = 5
"""About how many pairs a reviewer is asked."""


def is_asked(store: Store, found: Round, reviewer: str) -> bool:
    """Whether the question makes sense for this reviewer: one of the arms was tuned, and they have not answered it."""
    return bool(tuned(found)) and not guesses.asked(store, found.id, reviewer)


def to_ask(store: Store, found: Round, reviewer: str) -> list[Pair]:
    """The last pairs that this reviewer voted on, the newest first, whatever arms stand in them: which pairs are asked
    about must tell nothing. Skipped ones and those with two equal answers are left out."""
    mine = [v for v in round_rows.votes(store, found.id) if v.reviewer == reviewer and v.choice is not Choice.skip]
    known = {pair.id: pair for pair in round_rows.pairs(store, found.id)}
    told = [known[vote.pair] for vote in reversed(mine)]
    return [pair for pair in told if pair.left != pair.right][:ASKED]


def answer(store: Store, found: Round, reviewer: Person, sides: Mapping[str, str]) -> None:
    """Keeps the guesses (pair id -> left, right or none). Raises Refusal when they were given before, for pairs that
    the reviewer did not vote on, and where there are none."""
    if not sides:
        raise Refusal("There is no pair to guess about yet. Nothing was kept.")
    try:
        told = {pair: Guessed(side).value for pair, side in sides.items()}
    except ValueError:
        raise Refusal("A guess is left, right or no idea. Nothing was kept. Reload the page.") from None
    store.act("exit.guessed", reviewer.id, {"round": found.id, "guesses": told}, found.project)


def counted(store: Store, found: Round) -> ExitGuess:
    """How often those whose votes count guessed right, of the pairs in which one answer and not the other was a tuned
    model's. For pages only once the round is closed. Guesses of one person hang together; the figure takes them as if
    they did not."""
    pairs, votes = round_rows.pairs(store, found.id), round_rows.votes(store, found.id)
    seen = rounds.counted(found, pairs, votes)
    right = rightness(pairs, guesses.of_round(store, found.id), seen, tuned(found))
    return exit_guess(sum(right), len(right))


def rightness(
    pairs: Sequence[Pair], told: Sequence[Guess], counted: Sequence[Vote], tuned: frozenset[str]
) -> list[bool]:
    """For each guess that can be right or wrong and comes from a voter who counts, whether it is right."""
    return [right for _, right in weighed(pairs, told, counted, tuned)]


def weighed(
    pairs: Sequence[Pair], told: Sequence[Guess], counted: Sequence[Vote], tuned: frozenset[str]
) -> list[tuple[Guess, bool]]:
    """The guesses that can be right or wrong and come from a voter who counts, and whether each is right."""
    known, voters = {pair.id: pair for pair in pairs}, {vote.reviewer for vote in counted}
    found = []
    for guess in told:
        side = _tuned_side(known[guess.pair], tuned)
        if side and guess.side is not Guessed.none and guess.reviewer in voters:
            found.append((guess, guess.side == side))
    return found


def tuned(found: Round) -> frozenset[str]:
    """The arms of a round that were tuned."""
    return frozenset(name for name, facts in found.registration["arms"].items() if facts["kind"] == ArmKind.tuned.value)


def _tuned_side(pair: Pair, tuned: frozenset[str]) -> str:
    """The side of the one tuned answer; "" where both or none is, and in pairs that are no contest of two arms."""
    ours, other = pair.candidate in tuned, pair.baseline in tuned
    if pair.kind not in (PairKind.real, PairKind.repeat) or ours == other:
        return ""
    return "left" if ours == pair.candidate_left else "right"
