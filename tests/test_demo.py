"""What the demo command reports of each arm, on outputs that are written here."""

from __future__ import annotations

import pytest
from round_seed import ready
from scipy.stats import ttest_1samp

from studio import demo, outputs
from studio.store import Store


def test_rules_kept_are_averaged_over_prompts_with_the_interval_over_prompts(store: Store) -> None:
    seeded = ready(store, tests=12)
    for compared in outputs.compare(store, seeded.project, seeded.dataset):
        told, shares = demo.rules_kept(compared), list(compared.shares.values())
        assert told["n"] == told["prompts"] == len(shares) == 12
        assert told["rules_kept"] == pytest.approx(sum(shares) / 12)
        low, high = told["interval"]
        if len(set(shares)) > 1:
            wanted = ttest_1samp(shares, 0).confidence_interval(0.95)
            assert (low, high) == pytest.approx((max(0, wanted.low), min(1, wanted.high)))
        assert 0 <= low <= told["rules_kept"] <= high <= 1
