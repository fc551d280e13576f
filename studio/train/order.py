"""In which order a run reads its rows: known from the seed and the pass alone. For the worker only.

So a run that goes on within a pass reads what the pass had left, in the order in which it would have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from transformers.trainer_pt_utils import get_length_grouped_indices

_PASSES_APART = 1_000_003


class Order(torch.utils.data.Sampler[int]):
    """Places of rows of these `lengths` (tokens), a step of `together` rows after the other, drawn anew at each pass.

    `grouped`: rows of like length stand in one step. `steps_done` is asked when a pass begins or is gone on with.
    """

    def __init__(
        self, lengths: Sequence[int], together: int, seed: int, *, grouped: bool, steps_done: Callable[[], int]
    ) -> None:
        self._lengths, self._together, self._seed = list(lengths), together, seed
        self._grouped, self._steps_done = grouped, steps_done

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        a_pass = -(-len(self._lengths) // self._together)
        drawn = torch.Generator().manual_seed(self._seed * _PASSES_APART + self._steps_done() // a_pass)
        if not self._grouped:
            return iter(torch.randperm(len(self._lengths), generator=drawn).tolist())
        return iter(get_length_grouped_indices(self._lengths, self._together, generator=drawn))
