"""Attention over rows that stand one after the other without padding. For the worker only."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch.nn.attention.varlen import varlen_attn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

PACKED = "yardstick_packed"
"""The name under which the model library finds it."""

# Attention of these is the plain kind: causal, without a window, a cap on its scores or sinks.
MODELS = ("llama", "qwen2", "qwen3", "smollm3", "olmo2")
"""Kinds of model (`config.model_type`) that can be trained in this form."""

_GROUPED: dict[str, Any] = {"enable_gqa": True} if "enable_gqa" in inspect.signature(varlen_attn).parameters else {}


def fits(config: Any) -> bool:
    """Whether a model of this config may be trained on packed rows."""
    return config.model_type in MODELS and not getattr(config, "use_sliding_window", False)


def packed_attention(
    module: torch.nn.Module, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None,
    *, row_starts: torch.Tensor, longest_row: int, scaling: float | None = None, **more: Any,
) -> tuple[torch.Tensor, None]:  # fmt: skip
    """Each row sees itself alone, causally. query (1, heads, tokens, width), key and value with as many heads or fewer;
    `row_starts` (rows + 1, int32): where each row starts, and the end. Gives (1, tokens, heads, width).

    Without dropout: the models in `MODELS` have none in their attention.
    """
    if not query.is_cuda:
        return _row_by_row(query, key, value, row_starts, scaling), None
    q, k, v = (part.squeeze(0).transpose(0, 1) for part in (query, key, value))
    out: Any = varlen_attn(
        q, k, v, row_starts, row_starts, longest_row, longest_row, scale=scaling, window_size=(-1, 0), **_GROUPED
    )
    return out.unsqueeze(0), None


def _row_by_row(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, row_starts: torch.Tensor, scaling: float | None
) -> torch.Tensor:
    """The same without the GPU's kernel: slow, and what the tests compare with."""
    sizes = row_starts.diff().tolist()
    rows = zip(*(part.split(sizes, dim=2) for part in (query, key, value)), strict=True)
    answered = [
        scaled_dot_product_attention(q, k, v, is_causal=True, scale=scaling, enable_gqa=True) for q, k, v in rows
    ]
    return torch.cat(answered, dim=2).transpose(1, 2)


AttentionInterface.register(PACKED, packed_attention)
