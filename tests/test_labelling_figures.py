"""What labels tell in figures: agreement in words, and how much work is left. Pure."""

from __future__ import annotations

import pytest

from studio.examples import pace
from studio.records import Brief, Slice
from studio.store import labels
from studio.store.labels import Answer


def given(item: str, *said: str) -> list[labels.Label]:
    """Labels of one item: "approve", "skip", or "reject:Tone" with the rule it names."""
    parted = [each.partition(":") for each in said]
    return [labels.Label("q", item, f"p{n}", Answer(what), rule) for n, (what, _, rule) in enumerate(parted)]


def test_agreement_in_words_counts_only_complete_items() -> None:
    told = [*given("waits", "approve"), *given("skipped", "approve", "skip")]
    for n in range(18):
        told += given(f"same{n}", *(["approve"] * 2 if n % 2 else ["reject"] * 2))
    told += [*given("x", "approve", "reject:Tone"), *given("y", "edit:Facts", "reject:Tone")]
    found = pace.together(told, {label.example: 2 for label in told})
    assert (found.items, found.agreed) == (20, 18)
    assert [item for item, _ in found.split] == ["x", "y"] and found.named == (("Tone", 2), ("Facts", 1))
    assert 0.69 < found.interval.low < 0.9 < found.interval.high < 0.98
    assert "18 of 20 examples" in found.sentence and "Beyond luck that is good" in found.sentence
    assert "nobody knows" in pace.together([], {}).sentence
    assert "too few" in pace.together(given("a", "approve", "approve"), {"a": 2}).sentence


def test_the_forecast_names_what_is_missing_and_what_it_assumes() -> None:
    brief = Brief(slices=(Slice("a", target_share=0.75), Slice("b", target_share=0.25, second_approval=True)))
    tally = {("a", "approved"): 60, ("a", "draft"): 100, ("b", "in_review"): 10, ("b", "rejected"): 5}
    said = [Answer.approve] * 8 + [Answer.reject] * 2 + [Answer.skip]
    found = pace.forecast(brief, tally, 100, [18.0] * 12 + [5000.0], said)
    a, b = found.gaps
    assert (a.missing, a.to_write, a.looks) == (15, 0, 19) and (b.missing, b.to_write, b.looks) == (25, 17, 64)
    assert found.hours == pytest.approx(83 * 18 / 3600)
    assert found.sentence == (
        "40 approved examples are missing, of which 17 must be written or imported first: about 25 minutes of reading "
        "for one person."
    )
    assert "18 seconds a label, the median of the 12" in found.assumed[0] and "80 %" in found.assumed[1]
    guess = pace.forecast(Brief(), {}, 20, [], [])
    assert guess.gaps[0].missing == 20 and "a guess" in guess.assumed[0]
    assert "Every kind" in pace.forecast(Brief(), {("", "approved"): 20}, 20, [], []).sentence
