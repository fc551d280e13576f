"""How many answers a card writes side by side: as many as its memory has room for, within bounds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from studio.generation import at_once

GB = 10**9


def _shape(**fields: Any) -> Any:
    text = SimpleNamespace(**fields)
    return SimpleNamespace(get_text_config=lambda: text)


SMALL = _shape(num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3, hidden_size=576, head_dim=None)
LARGE = _shape(num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8, hidden_size=4096, head_dim=128)
PLAIN = _shape(num_hidden_layers=32, num_attention_heads=32, hidden_size=4096)  # no heads share keys and values


@pytest.mark.parametrize(
    ("config", "weights", "card", "wanted"),
    [
        (SMALL, 0.3, 80, 256),  # no more than is of use
        (LARGE, 16, 80, 89),  # (80 / 2 - 16) GB by 2 x 2 bytes x 32 layers x 8 heads x 128 x 2,048 pieces
        (PLAIN, 16, 80, 32),  # four times as much for each
        (LARGE, 16, 24, 32),  # never fewer than anywhere else
    ],
)
def test_a_large_card_writes_more_side_by_side(config: Any, weights: float, card: int, wanted: int) -> None:
    assert at_once.rows(config, int(weights * GB), card * GB) == wanted
