"""How many answers a graphics card writes side by side. Pure: the model's shape, and sizes in bytes.

A card that writes 32 at a time waits for the processor most of the time; see benchmarks/RESULTS.md for what 256 gain.
"""

from __future__ import annotations

from typing import Any

LEAST, _MOST = 32, 256
_ROW_TOKENS = 2048  # what an answer and what stands before it are taken to come to; few are as long


def rows(config: Any, weights: int, card: int) -> int:
    """From `LEAST` to 256, by a transformers `config`: what the keys and values of long rows, in 16 bits, leave room
    for in the half of the `card` that the `weights` do not fill.

    By the whole card, not by what is free just now: a job that goes on after a kill must cut its batches as before.
    Promises nothing about rows that are longer, nor while something else fills the card.
    """
    text = config.get_text_config()
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    wide = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    row = 2 * 2 * text.num_hidden_layers * heads * wide * _ROW_TOKENS
    return max(LEAST, min(_MOST, int((card / 2 - weights) / row)))
