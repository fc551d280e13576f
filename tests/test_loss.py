"""The loss of a fine-tune: the brief's phrases weigh more, wherever they stand, and nothing else does."""

from __future__ import annotations

from studio.records import Brief, Check, CheckKind, Criterion
from studio.train.step import exact_phrases


def test_weights_mark_every_place_of_a_phrase_and_no_other() -> None:
    from studio.train.loss import weights

    phrases = [[5, 6], [9] * 7, []]
    assert weights([-100, 5, 6, 7, 5, 6], phrases, 3.0) == [1, 3, 3, 1, 3, 3]
    assert weights([6, 5, -100, 9, 9, 9], phrases, 3.0) == [1, 1, 1, 1, 1, 1]


def test_the_phrases_are_those_the_brief_wants_word_for_word() -> None:
    wanted = Check(CheckKind.required, phrases=("Thank you",))
    forbidden = Check(CheckKind.forbidden, phrases=("Unfortunately",))
    by_slice = Check(CheckKind.by_slice, by_slice={"a": ("in 2 days",), "b": ("in 5 days", "in 2 days")})
    brief = Brief(criteria=(Criterion("one", checks=(wanted, forbidden)), Criterion("two", checks=(by_slice,))))
    assert exact_phrases(brief) == ["Thank you", "in 2 days", "in 5 days"]
    assert exact_phrases(None) == []
