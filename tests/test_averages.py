"""Rules kept on average, over prompts: figures that can be checked by hand or by scipy."""

from __future__ import annotations

import pytest
from scipy.stats import ttest_1samp, ttest_rel

from studio.evaluate.averages import Named, average, difference, headline

SHARES = [1.0, 0.8, 0.6, 1.0, 0.4, 0.8]


def test_the_average_has_the_t_interval_over_prompts() -> None:
    found = average(SHARES, 5)
    low, high = ttest_1samp(SHARES, 0).confidence_interval(0.95)
    assert found.value == pytest.approx(5 * sum(SHARES) / 6) and found.n == 6
    assert (found.low, found.high) == pytest.approx((5 * low, min(5.0, 5 * high)))


def test_equal_shares_do_not_pretend_to_be_certain() -> None:
    found = average([1.0] * 10, 5)
    assert found.value == 5 and found.high == 5
    assert found.low == pytest.approx(5 * 0.025 ** (1 / 10))
    assert average([], 5).n == 0


def test_the_difference_is_paired() -> None:
    a = dict(enumerate(SHARES))
    b = dict(enumerate([0.2, 0.4, 0.2, 0.6, 0.2, 0.0]))
    found = difference({str(k): v for k, v in a.items()}, {str(k): v for k, v in b.items()}, 5)
    low, high = ttest_rel(list(a.values()), list(b.values())).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((5 * low, 5 * high))


def named(name: str, shares: list[float]) -> Named:
    return Named(name, average(shares, 5), {str(i): s for i, s in enumerate(shares)})


def test_the_sentence_names_who_is_there() -> None:
    assert headline(None, None, None) is None
    only = headline(None, None, named("Base", [0.2, 0.4]))
    assert only is not None and only.sentence == "The bare base keeps 1.5 of 5 house rules on average; n = 2 prompts."
    both = headline(named("Tuned 1", SHARES), named("Short", [0.2] * 6), named("Base", [0.1] * 6))
    assert both is not None
    assert both.sentence == (
        "The tuned model (Tuned 1) keeps 3.8 of 5 house rules on average, the best prompt (Short) 1.0, "
        "the bare base 0.5; n = 6 prompts."
    )
    assert both.finding.startswith("The tuned model keeps 2.8 rules (95 % interval")


@pytest.mark.parametrize(("n", "told"), [(1, False), (5, False), (6, True), (40, True)])
def test_of_equal_differences_it_takes_six_as_in_a_sign_test(n: int, told: bool) -> None:
    names = [str(at) for at in range(n)]
    found = difference(dict.fromkeys(names, 1.0), dict.fromkeys(names, 0.0), 1)
    assert (found.low > 0) is told and (2 * 0.5**n <= 0.05) is told
    alike = difference(dict.fromkeys(names, 1.0), dict.fromkeys(names, 1.0), 1)
    assert alike.high == -alike.low == pytest.approx(1 - 0.025 ** (1 / n))
