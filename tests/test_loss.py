"""The loss of a fine-tune: the brief's phrases weigh more, wherever they stand, and nothing else does."""

from __future__ import annotations

import pytest

from studio.records import Brief, Check, CheckKind, Criterion
from studio.train.step import exact_phrases

pytestmark = pytest.mark.model


def test_weights_mark_every_place_of_a_phrase_and_no_other() -> None:
    import torch

    from studio.train.loss import weights

    labels = torch.tensor([[-100, 5, 6, 7, 5, 6], [6, 5, -100, 9, 9, 9]])
    found = weights(labels, [torch.tensor([5, 6]), torch.tensor([9] * 7), torch.tensor([], dtype=torch.long)], 3.0)
    assert found.tolist() == [[1, 3, 3, 1, 3, 3], [1, 1, 1, 1, 1, 1]]


def test_the_phrases_are_those_the_brief_wants_word_for_word() -> None:
    wanted = Check(CheckKind.required, phrases=("Thank you",))
    forbidden = Check(CheckKind.forbidden, phrases=("Unfortunately",))
    by_slice = Check(CheckKind.by_slice, by_slice={"a": ("in 2 days",), "b": ("in 5 days", "in 2 days")})
    brief = Brief(criteria=(Criterion("one", checks=(wanted, forbidden)), Criterion("two", checks=(by_slice,))))
    assert exact_phrases(brief) == ["Thank you", "in 2 days", "in 5 days"]
    assert exact_phrases(None) == []
