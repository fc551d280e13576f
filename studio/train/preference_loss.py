"""The loss of preference tuning: how sure the model is of what people preferred, against what it was. For the worker.

Direct preference optimisation (Rafailov et al. 2023, arXiv 2305.18290). With h = beta * (the growth of the log-odds of
the preferred answer over the other one, since the start), a pair costs -log sigmoid(h); and with `smoothing`, the
measured chance that a reviewer chooses otherwise, -(1 - s) log sigmoid(h) - s log sigmoid(-h) (conservative DPO,
Mitchell 2023). That is least where sigmoid(h) = 1 - s: the model becomes as sure as reviewers are, and no surer.
"""

from __future__ import annotations

import torch
from torch.nn.functional import logsigmoid


def margins(
    chosen: torch.Tensor, rejected: torch.Tensor, reference: torch.Tensor, beta: float
) -> torch.Tensor:  # fmt: skip
    """h of n pairs. `chosen`, `rejected`: (n) log-probability of each whole answer now, in nats; `reference`: (n, 2) of
    both before the first step."""
    return beta * ((chosen - reference[:, 0]) - (rejected - reference[:, 1]))


def preference_loss(margin: torch.Tensor, smoothing: float) -> torch.Tensor:
    """The loss of each pair (n), in nats. `smoothing` in [0, 0.5)."""
    return -(1 - smoothing) * logsigmoid(margin) - smoothing * logsigmoid(-margin)
