"""How a step's rows are cut and laid out: none is lost, and packed rows teach what padded ones do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.train.settings import Settings
from tests.tiny_model import tiny_model, tiny_rows

SETTINGS = Settings("test", epochs=1, learning_rate=1e-2, upper_layers=1.0, micro_batch=2, accumulation=3, lora_rank=4)
LENGTHS = [5, 9, 3, 17, 8, 2]


@settings(deadline=None)
@given(lengths=st.lists(st.integers(2, 300), min_size=1, max_size=40), size=st.integers(1, 700), packed=st.booleans())
def test_every_row_is_read_once_and_no_micro_batch_is_too_large(lengths: list[int], size: int, packed: bool) -> None:
    from studio.train.batches import Cut, cut, length

    rows: Any = [{"input_ids": [0] * n, "labels": [number], "weights": []} for number, n in enumerate(lengths)]
    parts = cut(rows, Cut(packed, size))
    assert sorted(row["labels"][0] for part in parts for row in part) == list(range(len(rows)))
    for part in parts:
        assert len(part) == 1 or (sum(map(length, part)) if packed else len(part)) <= size


@settings(deadline=None)
@given(lengths=st.lists(st.integers(2, 300), min_size=1, max_size=40), packed=st.booleans())
def test_halving_ends_at_one_row_at_a_time(lengths: list[int], packed: bool) -> None:
    from studio.train.batches import Cut, cut

    rows: Any = [{"input_ids": [0] * n} for n in lengths]
    by: Cut | None = Cut(packed, 10**6)
    last, turns = by, 0
    while by is not None:
        last, by, turns = by, by.halved(rows), turns + 1
        assert turns < 30
    assert last is not None
    least = max(lengths) if packed else 1
    assert last.size == least or len(lengths) == 1
    assert max(map(len, cut(rows, last))) == 1 or packed


def _learned(packed: bool, size: int, folder: Path) -> tuple[float, dict[str, Any]]:
    import torch

    from studio.train.adapted import with_adapter
    from studio.train.batches import Cut
    from studio.train.fit import trainer_for
    from studio.train.packed import PACKED

    adapted = with_adapter(tiny_model(), SETTINGS)
    for name, part in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(part, generator=torch.Generator().manual_seed(1))
    if packed:
        adapted.get_base_model().set_attn_implementation(PACKED)
    trainer = trainer_for(adapted, tiny_rows(LENGTHS), [], SETTINGS, folder, lambda kind, **fields: None)
    trainer.by = Cut(packed, size)
    loss = trainer.learn(adapted, tiny_rows(LENGTHS))
    return float(loss), {n: p.grad.clone() for n, p in adapted.named_parameters() if p.grad is not None}


@pytest.mark.parametrize(("packed", "size"), [(True, 100), (True, 20), (False, 6), (False, 4)])
def test_rows_teach_the_same_however_they_are_laid_out(packed: bool, size: int, tmp_path: Path) -> None:
    """Loss and gradients against one row at a time."""
    import torch

    alone, wanted = _learned(False, 1, tmp_path)
    loss, gradients = _learned(packed, size, tmp_path)
    assert loss == pytest.approx(alone, rel=1e-5)
    for name, gradient in gradients.items():
        assert torch.allclose(gradient, wanted[name], rtol=1e-3, atol=1e-5), name


def test_the_loss_behind_a_frozen_head_has_the_gradient_of_the_plain_one() -> None:
    import torch

    from studio.train.loss import head_loss

    torch.manual_seed(0)
    head = torch.nn.Linear(8, 30).requires_grad_(False)
    hidden = torch.randn(11, 8, requires_grad=True)
    targets, weight = torch.randint(30, (11,)), torch.rand(11)
    plain = (torch.nn.functional.cross_entropy(head(hidden), targets, reduction="none") * weight).sum()
    (wanted,) = torch.autograd.grad(plain, hidden)
    loss = head_loss(hidden, head, targets, weight)
    (found,) = torch.autograd.grad(loss, hidden)
    assert loss.item() == pytest.approx(plain.item(), rel=1e-6)
    assert torch.allclose(found, wanted, atol=1e-6)
    with pytest.raises(ValueError, match="frozen"):
        head_loss(hidden, head.requires_grad_(True), targets, weight)
