"""Health: what the checks find and what they leave alone, the gates, and splits that stay put."""

import csv
import dataclasses
import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.health import (
    Finding,
    HealthReport,
    Known,
    Leakage,
    Severity,
    assign,
    compare,
    near_duplicate_share,
    near_pairs,
    normalise,
    report,
)
from studio.records import Brief, Criterion, Example, Refusal, Slice, Split, Status, from_json, to_json

SHARED = Path(__file__).parents[2] / "shared" / "data" / "support-intents"
_WORDS = [
    "parcel",
    "invoice",
    "lamp",
    "kettle",
    "refund",
    "voucher",
    "courier",
    "broken",
    "missing",
    "late",
    "green",
    "small",
    "return",
    "label",
    "account",
    "password",
    "coupon",
    "battery",
    "warranty",
    "sofa",
]


def clean(count: int) -> list[Example]:
    """Approved examples that resemble one another by no more than single words."""
    draw = random.Random(7)
    return [
        Example(
            f"e{i}",
            f"{' '.join(draw.sample(_WORDS, 6))} {i}",
            f"Answer number {i}.",
            status=Status.approved,
            kinds=() if i else ("edge_case", "must_refuse"),
        )  # fmt: skip
        for i in range(count)
    ]


def no_rules(criterion: Criterion, example: Example) -> bool | None:
    return None


def finding(examples: list[Example], check: str, brief: Brief | None = None) -> Finding:
    found = [f for f in report(examples, brief or Brief(), no_rules).findings if f.check == check]
    assert len(found) == 1
    return found[0]


def example(id: str, input: str, ideal: str = "Fine.", **fields: object) -> Example:
    return Example(id, input, ideal, **{"status": Status.approved, **fields})  # type: ignore[arg-type]


def test_a_clean_set_passes_every_gate_and_says_so() -> None:
    rows = clean(40)
    apart = dict(zip((e.id for e in rows), np.eye(40, dtype=np.float32), strict=True))
    found = report(rows, Brief(), no_rules, known=Known(meaning=apart))
    assert found.ready and all(f.severity is Severity.fine for f in found.findings)
    assert found.sentence == "Ready to freeze with 40 approved examples."
    assert from_json(HealthReport, json.loads(json.dumps(to_json(found)))) == found


def test_normalising_evens_out_case_punctuation_and_space_only() -> None:
    assert normalise("  Where's my\nPARCEL?! ") == normalise("wheres my parcel")
    assert normalise("कि") != normalise("क")  # a vowel sign is part of its letter
    assert normalise("??") != normalise("!!")


def test_duplicates_and_contradictions_are_told_apart() -> None:
    rows = [
        *clean(30),
        example("a", "Where is my order?", "On its way."),
        example("b", "where is my order", "on its way"),
        example("c", "Can I pay later?", "Yes."),
        example("d", "can i pay later", "No."),
    ]
    assert finding(rows, "exact_duplicates").examples == (("a", "b"),)
    contradiction = finding(rows, "contradictions")
    assert (contradiction.examples, contradiction.severity) == ((("c", "d"),), Severity.must_fix)


def test_near_duplicates_are_groups_of_different_texts() -> None:
    long = "My parcel with the green lamp has not arrived although the courier says it was delivered"
    rows = [*clean(30), example("a", long), example("b", long + " yes"), example("c", "Something else entirely")]
    assert finding(rows, "near_duplicates").examples == (("a", "b"),)
    assert finding(rows, "exact_duplicates").count == 0
    assert near_duplicate_share([e.input for e in rows]) == pytest.approx(2 / 33)


def test_leaks_between_given_splits() -> None:
    long = "My parcel with the green lamp has not arrived although the courier says it was delivered"
    rows = [
        *clean(30),
        example("train", long, split=Split.train),
        example("same", long.upper(), split=Split.test),
        example("near", long + " yes", split=Split.validation),
        example("free", long + "!"),
    ]
    found = report(rows, Brief(), no_rules)
    assert found.leakage == Leakage(exact=1, near=2)
    by_check = {f.check: f for f in found.findings}
    assert by_check["exact_leakage"].examples == (("same", "train", "near"),)
    assert by_check["near_leakage"].examples == (("near", "train"),)
    assert not found.ready


def test_a_finding_among_drafts_is_shown_but_does_not_block() -> None:
    rows = [*clean(30), example("d", "Where is the key?", "", status=Status.draft)]
    found = finding(rows, "empty_ideals")
    assert (found.severity, found.examples) == (Severity.should_look, (("d",),))
    assert "does not block" in found.sentence
    assert finding(rows, "not_approved").examples == (("d",),)
    assert finding([*clean(30), example("d", "Where is the key?", "")], "empty_ideals").severity is Severity.must_fix
    rejected = [*clean(30), example("d", "Where is the key?", "", status=Status.rejected)]
    assert finding(rejected, "empty_ideals").severity is Severity.fine


def test_next_to_nothing_is_for_prose_not_for_labels() -> None:
    prose = [dataclasses.replace(e, ideal="We are sorry and will send a new one today.") for e in clean(30)]
    rows = [
        *prose,
        example("one", "Is it late?", "Yes"),
        example("dash", "Any news?", "--"),
        example("x", "Hm?", "TODO"),
    ]
    assert finding(rows, "near_empty_ideals").examples == (("one",), ("dash",), ("x",))
    labels = [dataclasses.replace(e, ideal="refund") for e in clean(30)]
    assert finding(labels, "near_empty_ideals").count == 0


def test_rules_of_the_brief_are_asked_of_each_ideal_output() -> None:
    polite, felt = Criterion("Says {please}"), Criterion("Sounds warm")

    def kept(criterion: Criterion, example: Example) -> bool | None:
        return "please" in example.ideal if criterion is polite else None

    rows = [dataclasses.replace(e, ideal="Wait please.") for e in clean(30)] + [example("rude", "Now?", "Wait.")]
    brief = Brief(criteria=(polite, felt))
    found = [f for f in report(rows, brief, kept).findings if f.check == "rule_broken"]
    assert [(f.key, f.examples, f.severity) for f in found] == [
        ("rule_broken:Says {please}", (("rude",),), Severity.must_fix)
    ]
    assert found[0].sentence == 'Of 31 ideal outputs, 1 break "Says {please}". Correct them or the rule.'


def test_slices_against_the_targets_of_the_brief() -> None:
    brief = Brief(slices=(Slice("refunds", target_share=0.5), Slice("legal", critical=True)))
    rows = [dataclasses.replace(e, slice="refunds" if i < 5 else "other") for i, e in enumerate(clean(40))]
    found = finding(rows, "slice_coverage", brief)
    assert (found.severity, found.count) == (Severity.must_fix, 2)
    assert "refunds (5 of about 20)" in found.sentence and "legal (0 of about 1)" in found.sentence
    assert finding(rows, "unknown_slices", brief).count == 35


def test_a_waiver_needs_a_reason_and_opens_only_its_gate() -> None:
    rows = [*clean(30), example("e", "Where is the key?", "")]
    assert not report(rows, Brief(), no_rules).ready
    waived = report(rows, Brief(), no_rules, waivers={"empty_ideals": "the silence is the answer"})
    assert waived.ready and "1 accepted with a reason" in waived.sentence
    gate = next(g for g in waived.gates if g.key == "empty_ideals")
    assert (gate.passed, gate.waived) == (True, "the silence is the answer")
    assert not report(clean(5), Brief(), no_rules, waivers={"empty_ideals": "x"}).ready
    with pytest.raises(Refusal, match="write down why"):
        report(rows, Brief(), no_rules, waivers={"empty_ideals": " "})


def _look_alikes(seed: int) -> list[str]:
    """Distinct texts of up to 120 characters, most of them another one with some words changed."""
    draw = random.Random(seed)
    texts = [" ".join(draw.choices(_WORDS, k=18))]
    for _ in range(20):
        words = draw.choice(texts).split()
        for _ in range(draw.randint(1, 4)):
            words[draw.randrange(len(words))] = draw.choice(["", *_WORDS])
        texts.append(" ".join(" ".join(words).split()))
    return sorted(set(texts))


@settings(max_examples=200, deadline=None)
@given(
    texts=st.one_of(
        st.lists(st.text("abc ", min_size=1, max_size=14), unique=True, max_size=14),
        st.integers(0, 10_000).map(_look_alikes),
    ),
    threshold=st.sampled_from([0.3, 0.5, 0.8, 1.0]),
)
def test_near_pairs_are_exactly_those_of_comparing_all_with_all(texts: list[str], threshold: float) -> None:
    found = near_pairs(texts, threshold)
    assert {(n.first, n.second): n.similarity for n in found} == _compared_all(texts, threshold)


def _compared_all(texts: list[str], threshold: float) -> dict[tuple[int, int], float]:
    sets = [{text[i : i + 4] for i in range(len(text) - 3)} or {text} for text in texts]
    found = {(i, j): len(sets[i] & sets[j]) / len(sets[i] | sets[j]) for j in range(len(texts)) for i in range(j)}
    return {pair: similarity for pair, similarity in found.items() if similarity >= threshold - 1e-12}


def test_near_pairs_of_more_looks_than_a_block_holds_are_exact() -> None:
    draw = random.Random(4)
    originals = [draw.choices(_WORDS, k=12) for _ in range(10)]
    changed = [list(draw.choice(originals)) for _ in range(900)]
    for words in changed:
        words[draw.randrange(12)], words[draw.randrange(12)] = draw.choices(_WORDS, k=2)
    texts = sorted({" ".join(words) for words in changed})
    found = near_pairs(texts, 0.6)
    assert len(found) > 1000
    assert {(n.first, n.second): n.similarity for n in found} == _compared_all(texts, 0.6)


def test_near_pairs_are_exact_with_an_alphabet_of_thousands_of_letters() -> None:
    draw = random.Random(4)
    texts = ["".join(chr(draw.randint(0x4E00, 0x9FFF)) for _ in range(40)) for _ in range(300)]
    texts += [text[:-1] + draw.choice("\U0001f600\ud800ab") for text in texts]
    found = near_pairs(texts)
    assert len(found) == 300
    assert {(n.first, n.second): n.similarity for n in found} == _compared_all(texts, 0.8)


def test_copies_of_one_template_stay_one_group_whatever_the_labels() -> None:
    template = " ".join(_WORDS)
    texts = [f"{template} {i}" for i in range(120)]
    found = compare(texts, [i == 77 for i in range(120)])
    assert len(found.clusters()) == 1 and len(found.pairs) < 3_000
    odd = next(k for k, m in enumerate(found.members) if m == (77,))
    assert any(odd in (n.first, n.second) for n in found.pairs)


@given(texts=st.lists(st.text("ab ", max_size=6), max_size=10), data=st.data())
def test_comparing_a_part_is_the_part_of_comparing_all(texts: list[str], data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.sampled_from(range(len(texts))), unique=True).map(sorted)) if texts else []
    assert compare(texts).only(kept) == compare([texts[i] for i in kept])


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data is not here")
def test_the_known_leaks_of_banking77_are_all_found_and_no_other() -> None:
    rows = []
    for split in (Split.train, Split.test):
        with (SHARED / f"{split}.csv").open(encoding="utf-8", newline="") as file:
            rows += [
                example(f"{split}{i}", r["text"], r["category"], split=split)
                for i, r in enumerate(csv.DictReader(file))
            ]
    assert len(rows) == 13_083
    assert report(rows, Brief(), no_rules).leakage == Leakage(exact=11, near=176)


def sliced(count: int) -> list[Example]:
    return [dataclasses.replace(e, slice="ab"[i % 4 == 0]) for i, e in enumerate(clean(count))]


def test_splits_are_stratified_and_depend_on_texts_alone() -> None:
    rows = sliced(200)
    splits = assign(rows, seed="s")
    assert Counter(splits.values()) == {Split.train: 160, Split.validation: 20, Split.test: 20}
    assert Counter((e.slice, splits[e.id]) for e in rows)["b", Split.test] == 5
    renamed = [dataclasses.replace(e, id=f"x{e.id}") for e in reversed(rows)]
    assert {i.removeprefix("x"): s for i, s in assign(renamed, seed="s").items()} == splits
    assert assign(rows, seed="another") != splits


def test_what_belongs_together_stays_together() -> None:
    rows = [dataclasses.replace(e, group=f"customer {i // 3}") for i, e in enumerate(clean(90))]
    rows += [example("twin", rows[0].input.upper()), example("draft", "later", status=Status.draft)]
    splits = assign(rows, seed="s")
    assert "draft" not in splits
    for i in range(0, 90, 3):
        assert len({splits[f"e{j}"] for j in (i, i + 1, i + 2)}) == 1
    assert splits["twin"] == splits["e0"]


def test_examples_never_move_when_others_are_added() -> None:
    before = assign(sliced(60), seed="s")
    tested = next(e for e in sliced(60) if before[e.id] is Split.test)
    more = [*sliced(160), example("like-a-test", tested.input + "!")]
    after = assign(more, seed="s", previous=before)
    assert {i: after[i] for i in before} == before
    assert after["like-a-test"] is Split.test
    assert Counter(after.values())[Split.test] == 16


def test_marks_are_honoured_and_a_marked_test_set_is_not_added_to() -> None:
    rows = [dataclasses.replace(e, split=Split.test) if i < 6 else e for i, e in enumerate(clean(100))]
    splits = assign(rows, seed="s")
    assert {i for i, s in splits.items() if s is Split.test} == {f"e{i}" for i in range(6)}
    with pytest.raises(Refusal, match="1 examples were test examples"):
        assign([dataclasses.replace(rows[0], split=Split.train), *rows[1:]], seed="s", previous=splits)


def test_a_file_with_only_train_and_test_gets_its_validation_from_train() -> None:
    rows = [dataclasses.replace(e, split=Split.test if i < 20 else Split.train) for i, e in enumerate(clean(100))]
    splits = assign(rows, seed="s")
    assert Counter(splits.values()) == {Split.train: 70, Split.validation: 10, Split.test: 20}
    assert assign(rows, seed="s", previous=splits) == splits


def test_small_sets_get_the_least_or_a_plain_refusal() -> None:
    assert Counter(assign(clean(20), seed="s").values()) == {Split.train: 12, Split.validation: 3, Split.test: 5}
    with pytest.raises(Refusal, match="19 examples are approved"):
        assign(clean(19), seed="s")
    with pytest.raises(Refusal, match="too small"):
        assign([dataclasses.replace(e, group="one") for e in clean(30)], seed="s")
