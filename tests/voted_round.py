"""A closed round with a little of everything that a figure can rest on: two candidates, prompts voted on twice, skips,
reasons, gold, repeats, sentinels, guesses, a reviewer who leaves the count and one who is not independent.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any
from unittest import mock

from round_seed import MAKER, Seeded, found, person, ready

from studio import datasets, outputs, signing
from studio.records import Pair, PairKind, Role, Round, Split
from studio.review import dealing, guesses, rounds
from studio.review.sentinels import Sentinels
from studio.store import Store, briefs, projects

PROMPTS = 14
SEED = "0123456789abcdef0123456789abcdef"
"""One of the draws that hold something of everything; in some nobody comes to a repeat before the end."""


def voted(store: Store, prompts: int = PROMPTS) -> Round:
    """The round, closed at its cap or before."""
    seeded = ready(store, tests=prompts, pieces=lambda output: 1 + len(output) // 4)
    rita, saul, otto, nora = (person(store, name, Role.reviewer) for name in ("Rita", "Saul", "Otto", "Nora"))
    outputs.saw_tests(store, nora.id, seeded.project, seeded.dataset)
    plan = rounds.Plan((seeded.prompted, seeded.tuned), (seeded.base,), seeded.dataset, cap=prompts, gold=2,
                       gold_right=2, repeats=2, second_readers=0.4, sentinels=_sentinels(store, seeded))  # fmt: skip
    with mock.patch("studio.review.opening.secrets.token_hex", return_value=SEED):
        now = rounds.open_round(store, MAKER, seeded.project, plan)
    draw, skipped = random.Random(7), 0
    brief = briefs.latest(store, seeded.project)
    names = [each.name for each in brief.criteria] if brief else []
    for turn in range(40 * prompts):
        reader = otto if turn < 18 else nora if turn < 24 else (rita, saul)[turn % 2]
        pair = rounds.next_pair(store, now, reader.id) if now.state == "open" else None
        if pair is not None:
            # A skip that is due waits for a pair that can be skipped.
            skips = turn // 9 > skipped and pair.kind is PairKind.real and dealing.wanted(now, pair) == 1
            skipped += skips
            said = _said(pair, draw, names, "skip" if skips else "wrong" if reader is otto else "right")
            now = rounds.vote(store, now, reader, pair.id, seconds_on_screen=5.0 + turn * 7 % 11, **said)
    for each in (rita, saul):
        asked = guesses.to_ask(store, now, each.id)
        guesses.answer(store, now, each, {p.id: draw.choice(["left", "right", "left", "none"]) for p in asked})
    return now


def closed_round(store: Store) -> Round:
    """That round, of a workspace in which it is."""
    (project,) = projects.every(store)
    found = signing.latest_round(store, project.id)
    assert found is not None and found.state == "closed"
    return found


def _said(pair: Pair, draw: random.Random, names: list[str], how: str) -> dict[str, Any]:
    """A vote for the longer answer, or else any. `how`: skip, or right or wrong where it is a gold pair."""
    if how == "skip":
        return {"side": "skip", "reason": rounds.SKIP_REASONS[0]}
    side = "tie" if pair.left == pair.right else "left" if len(pair.left) > len(pair.right) else "right"
    side = side if draw.random() < 0.6 else draw.choice(["left", "right", "tie", "both_bad"])
    if pair.kind is PairKind.gold:
        side = "left" if pair.candidate_left == (how == "right") else "right"
    why = rounds.Why(tuple(draw.sample(names, draw.choice([1, 2]))) if draw.random() < 0.6 else ())
    if draw.random() < 0.2:
        return {"side": side, "why": why}
    return {"side": side, "why": why, "shippable_left": side != "right", "shippable_right": side != "left"}


def _sentinels(store: Store, seeded: Seeded) -> Sentinels:
    kept = datasets.rows_in(store, found(store, seeded.dataset), Split.validation)[:2]
    return Sentinels(seeded.tuned, "job", tuple((e.id, f"One, {e.id}.", f"Other, {e.id}.") for e in kept))


if __name__ == "__main__":
    opened_store = Store.open(Path(sys.argv[1]))
    closed = voted(opened_store, int(sys.argv[2]) if len(sys.argv) > 2 else PROMPTS)
    print(closed.state, closed.closed_because, closed.project)
    (Path(sys.argv[1]) / "shots_project").write_text(closed.project)
    opened_store.close()
