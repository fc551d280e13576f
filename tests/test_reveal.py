"""After a round: reasons counted by arm and prompt, pairs taken out to train with, candidates from lost pairs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from round_seed import MAKER, Seeded, person, ready, vote_like_the_script

from studio import candidates, datasets, looks, vote_sets
from studio.export_command import export
from studio.records import Choice, Pair, PairKind, Refusal, Role, Split, Vote
from studio.review import reveal, rounds
from studio.review.evidence import benjamini_hochberg
from studio.store import Store
from studio.store import datasets as dataset_rows
from studio.store import rounds as round_rows

NAMES = {"t": "Tuned", "b": "Base"}
WARM, SHORT = "Warm opening", "Short"


def _pair(n: int, slice: str = "returns", kind: PairKind = PairKind.real, baseline: str = "b") -> Pair:
    return Pair(f"p{n}", "r", n, f"e{n}", slice, "asked", "left", "right", baseline, n % 2 == 0, candidate="t",
                kind=kind)  # fmt: skip


def _vote(n: int, choice: Choice, *reasons: str, who: str = "rita", **more: str) -> Vote:
    return Vote(f"p{n}", who, choice, reasons=reasons, **more)


def test_reasons_are_counted_by_the_arm_that_was_preferred_and_by_prompt() -> None:
    votes = [
        _vote(0, Choice.a, WARM, SHORT), _vote(0, Choice.a, WARM, who="saul"), _vote(1, Choice.b, WARM),
        _vote(2, Choice.b, SHORT), _vote(3, Choice.both_bad, WARM), _vote(4, Choice.a), _vote(5, Choice.skip),
    ]  # fmt: skip
    (told,) = reveal.accounts([_pair(n) for n in range(6)], votes)
    warm, short = told.reasons
    assert (warm.criterion, warm.for_candidate, warm.for_baseline, warm.neither) == (WARM, 2, 1, 1)
    assert (warm.won, warm.lost) == (1, 1), "two votes on one prompt are one prompt; both bad goes to neither"
    assert (short.won, short.lost, short.named) == (1, 1, 2)
    assert (told.preferred, told.neither, told.explained) == ((3, 2), 1, (2, 2))
    assert told.sentence(NAMES) == (
        "4 of 5 votes that preferred an answer say why: for Tuned most often “Warm opening” (2) and “Short” (1) (of 2 "
        "votes with a reason); for Base most often “Short” (1) and “Warm opening” (1) (of 2 votes with a reason)."
    )


def test_votes_on_a_prompt_that_balance_out_go_to_neither_arm() -> None:
    (told,) = reveal.accounts([_pair(0)], [_vote(0, Choice.a, WARM), _vote(0, Choice.b, WARM, who="saul")])
    assert (told.reasons[0].won, told.reasons[0].lost, told.reasons[0].p) == (0, 0, None)
    assert not told.found(NAMES)


def test_only_real_pairs_tell_and_each_baseline_has_its_own_account() -> None:
    pairs = [_pair(0), _pair(1, kind=PairKind.gold), _pair(2, baseline="p"), _pair(3, kind=PairKind.sentinel)]
    told = reveal.accounts(pairs, [_vote(n, Choice.a, WARM) for n in range(4)])
    assert [(each.baseline, each.votes) for each in told] == [("b", 1), ("p", 1)]


def test_a_reason_stands_out_only_beyond_luck_among_all_reasons() -> None:
    """Ten prompts to none: p = 2/1024, times two reasons. Five to four is luck."""
    votes = [_vote(n, Choice.a, WARM) for n in range(10)]
    votes += [_vote(n, Choice.a if n % 2 else Choice.b, SHORT) for n in range(10, 19)]
    (told,) = reveal.accounts([_pair(n) for n in range(19)], votes)
    warm, short = told.reasons
    assert warm.p == pytest.approx(2 * 2 / 1024) and warm.stands_out
    assert not short.stands_out
    (said,) = told.found(NAMES)
    assert said.startswith("“Warm opening” spoke for Tuned on 10 of the 10 prompts")


def test_nobody_said_why_is_told_and_slices_are_apart() -> None:
    pairs = [_pair(0), _pair(1, slice="delivery")]
    votes = [_vote(0, Choice.a), _vote(1, Choice.b, SHORT, note="too long", better="Sorry!")]
    sliced = reveal.by_slice(pairs, votes)
    assert list(sliced) == ["delivery", "returns"]
    assert sliced["returns"][0].sentence(NAMES).startswith("Nobody said why: none of 1 vote ")
    (told,) = sliced["delivery"]
    assert [(s.reviewer, s.text) for s in (*told.notes, *told.better)] == [("rita", "too long"), ("rita", "Sorry!")]


def test_benjamini_and_hochbergs_adjustment_is_theirs() -> None:
    """The fifteen p values of their paper (1995, section 3.2): four are rejected at .05."""
    given = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    adjusted = benjamini_hochberg(given)
    assert sum(p <= 0.05 for p in adjusted) == 4
    assert benjamini_hochberg(given[::-1]) == adjusted[::-1]
    assert benjamini_hochberg([]) == ()


# -- what is made of it, on a real store -----------------------------------------------------------


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Seeded, str]:
    """A closed round of 24 prompts in which Rita preferred the longer answer and wrote a better one to the first."""
    store = Store.open(tmp_path_factory.mktemp("reveal"))
    seeded = ready(store, tests=24)
    rita = person(store, "Rita", Role.reviewer)
    plan = rounds.Plan((seeded.tuned,), (seeded.base,), seeded.dataset, cap=24, second_readers=0.0)
    found = rounds.open_round(store, MAKER, seeded.project, plan)
    while found.state == "open" and (pair := rounds.next_pair(store, found, rita.id)):
        side = "left" if len(pair.left) > len(pair.right) else "right"
        why = rounds.Why(better="I am sorry. Send it back free of charge.") if pair.position == 0 else rounds.Why()
        found = rounds.vote(store, found, rita, pair.id, side, seconds_on_screen=9.0, why=why,
                            shippable_left=True, shippable_right=True)  # fmt: skip
    assert found.state == "closed"
    return store, seeded, found.id


def test_preference_pairs_that_leave_the_studio_spend_their_prompts(
    closed: tuple[Store, Seeded, str], tmp_path: Path
) -> None:
    store, seeded, _ = closed
    dataset = dataset_rows.get(store, seeded.dataset)
    assert dataset is not None
    looks.raise_if_spent(store, dataset, "Nothing was opened.")
    out = tmp_path / "pairs.jsonl"
    asked = {"what": "preferences", "project": seeded.project, "format": "jsonl"}
    for nowhere, said in ((tmp_path, "is a folder"), (tmp_path / "none" / "pairs.jsonl", "could not be written")):
        with pytest.raises(Refusal, match=said):
            export(store, asked | {"out": str(nowhere)})
    assert not dataset_rows.spent(store, seeded.project), "no file, nothing spent"
    told = export(store, asked | {"out": str(out)})
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert told["rows"] == len(lines) > 0 and lines[0].keys() >= {"prompt", "chosen", "rejected"}
    assert any("Spent for testing" in note for note in told["notes"])
    with pytest.raises(Refusal, match="votes taken out on 2"):
        looks.raise_if_spent(store, dataset, "Nothing was opened.")
    acts = [a for a in store.history(seeded.project, ["votes.taken"])]
    vote_sets.take_out(store, MAKER, seeded.project, vote_sets.found(store, seeded.project))
    assert len(store.history(seeded.project, ["votes.taken"])) == len(acts) == 1, "what is spent is not noted twice"
    store.undo(acts[0].seq, MAKER)
    looks.raise_if_spent(store, dataset, "Nothing was opened.")


def test_an_earlier_file_cannot_give_back_what_a_later_one_holds(closed: tuple[Store, Seeded, str]) -> None:
    store, seeded, _ = closed
    for names in (["one", "two"], ["two", "three"], ["four"]):
        store.act("votes.taken", MAKER, {"examples": names}, seeded.project)
    last, second, first = (act.seq for act in store.history(seeded.project, ["votes.taken"])[:3])
    with pytest.raises(Refusal, match="A later file holds these prompts, too"):
        store.undo(first, MAKER)
    assert {"one", "two"} <= dataset_rows.spent(store, seeded.project).keys()
    for seq in (second, first, last):
        store.undo(seq, MAKER)
    assert not dataset_rows.spent(store, seeded.project)


def test_no_prompt_is_spent_under_an_open_round(store: Store, tmp_path: Path) -> None:
    seeded = ready(store, tests=8)
    rita = person(store, "Rita", Role.reviewer)
    plan = rounds.Plan((seeded.tuned,), (seeded.base,), seeded.dataset, cap=8, second_readers=0.0)
    vote_like_the_script(store, rounds.open_round(store, MAKER, seeded.project, plan), rita)
    rounds.open_round(store, MAKER, seeded.project, plan)
    out = tmp_path / "pairs.jsonl"
    with pytest.raises(Refusal, match="A blind round is open"):
        export(store, {"what": "preferences", "project": seeded.project, "format": "jsonl", "out": str(out)})
    assert not out.exists() and not dataset_rows.spent(store, seeded.project)


def test_a_lost_pair_becomes_an_example_only_in_other_words(closed: tuple[Store, Seeded, str]) -> None:
    """With the reviewer's better answer, and where it comes from; its own prompt is held out and is refused."""
    store, seeded, name = closed
    vote = next(v for v in round_rows.votes(store, name) if v.better)
    pair = next(p for p in round_rows.pairs(store, name) if p.id == vote.pair)
    dataset = dataset_rows.get(store, seeded.dataset)
    assert dataset is not None
    like = next(e for e in datasets.rows_in(store, dataset, Split.test) if e.id == pair.example)
    source = f"Blind round {name}, pair {pair.id}"
    with pytest.raises(Refusal, match="is in the test set"):
        candidates.send(store, MAKER, seeded.project, like, input=pair.input, ideal=vote.better, source=source)
    made = candidates.send(store, MAKER, seeded.project, like, input="The zipper of my new tent broke on day one.",
                           ideal=vote.better, source=source)  # fmt: skip
    assert (made.ideal, made.source, made.slice, made.split) == (vote.better, source, like.slice, None)
