"""The return on tuning: worked figures of the break-even, every ending of its sentence, and what a record lacks; and
quality against cost, which rests on the same prices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from round_seed import MAKER, Seeded, person, ready, vote_like_the_script

from studio import figures, payback, returns, signing, tradeoff
from studio.evaluate import costs
from studio.payback import Served, Spent
from studio.records import Refusal, Role, Round
from studio.review import ranking, rounds
from studio.review.assessment import Assessment
from studio.store import Store, prices
from studio.store import rounds as rows

CPU = "Test CPU"


def side(name: str, each: Sequence[float], prompts: str = "p") -> Served:
    return Served(name, tuple(each), "by the token", tuple(f"{prompts}{n}" for n in range(len(each))))


def told(tuned: Sequence[float], prompt: Sequence[float], *once: float, month: float | None = None) -> payback.Return:
    spent = tuple(Spent(f"part {n}", 1.0, price) for n, price in enumerate(once))
    return payback.returned(side("Tuned", tuned), side("Prompt", prompt), spent, (), "€", month)


def test_a_worked_break_even() -> None:
    # 1,000 answers cost 0.60 instead of 1.00; 8.40 divided by 0.40 for 1,000 is 21,000 answers, 4.2 months of 5,000.
    found = told([0.0006] * 4, [0.001] * 4, 8.4, month=5000)
    assert found.saving.value == pytest.approx(0.4) and found.even.requests == pytest.approx(21_000)
    assert found.sentence.startswith("Each 1,000 answers cost about 0.40 € less than with Prompt (")
    assert found.sentence.endswith("tuning pays back after about 21,000 answers (21,000 to 21,000).")
    assert found.in_months == "At 5,000 answers a month that is after about 4.2 months (4.2 to 4.2)."


def test_the_saving_is_paired_where_the_prompts_are_the_same() -> None:
    before, after = [0.001, 0.002, 0.003, 0.009], [0.0006, 0.0016, 0.0025, 0.0084]
    paired = told(after, before, 1.0)
    assert paired.paired and paired.saving == costs.break_even(before, after, 1.0).saving
    loose = payback.returned(side("T", after, "t"), side("P", before), (Spent("it", 1, 1),), (), "€")
    assert not loose.paired and loose.saving.value == pytest.approx(paired.saving.value)
    # By hand (MOVER): the distances of each mean to its own ends, put together at a right angle.
    one, other = costs.thousand(before), costs.thousand(after)
    assert one.low is not None and other.high is not None and loose.saving.low is not None
    apart = ((one.value - one.low) ** 2 + (other.high - other.value) ** 2) ** 0.5
    assert loose.saving.low == pytest.approx(loose.saving.value - apart)
    assert loose.saving.low < 0 < (paired.saving.low or 0), "prompts that differ hide a saving that pairs show"
    assert "n = 4 answers at least of each" in loose.sentence


@pytest.mark.parametrize(
    ("tuned", "prompt", "once", "said"),
    [
        ([0.002] * 4, [0.001] * 4, 5.0, "1.00 € more than with Prompt (for each the same, n = 4 answers); by price "
         "alone tuning never pays back the 5.00 € that it cost."),
        ([0.001] * 4, [0.001] * 4, 5.0, "cost the same as with Prompt (n = 4 answers); by price alone tuning never"),
        ([0.0] * 4, [0.0] * 4, 5.0, "cost the same as with Prompt (n = 4 answers); by price alone tuning never"),
        ([0.0] * 4, [0.0] * 4, 0.0, "tuning itself cost nothing at the prices that are set"),
        ([0.0] * 4, [0.001] * 4, 0.0, "1.00 € less than with Prompt (for each the same, n = 4 answers); tuning itself"),
        ([0.001, 0.002, 0.001], [0.0015, 0.001, 0.0025], 5.0, "is not settled: 1,000 of them cost between"),
    ],
)  # fmt: skip
def test_every_ending_is_said(tuned: list[float], prompt: list[float], once: float, said: str) -> None:
    assert said in told(tuned, prompt, once, month=100).sentence


def test_what_may_never_pay_back_says_the_soonest_and_no_month() -> None:
    found = told([0.002, 0.001, 0.002], [0.0015, 0.0015, 0.0012], 5.0, month=100)
    assert found.even.requests is None and found.even.low and found.in_months == ""
    assert "tuning may never pay back, and does so after" in found.sentence
    assert payback.after(found.even).startswith("never as measured, ")
    soon = told([0.0] * 3, [1.0] * 3, 5.0, month=100)
    assert soon.in_months == "At 100 answers a month that is within the first month."


def test_the_parts_of_the_cost_add_up_and_others_stay_out_of_the_sentence() -> None:
    spent, others = (Spent("the training", 1, 2.0), Spent("voting", 1, 3.0)), (Spent("another training", 1, 5.0),)
    found = payback.returned(side("T", [0.0] * 3), side("P", [0.001] * 3), spent, others, "€")
    assert [(stage.what, stage.once) for stage in found.stages] == [
        ("the training", 2.0), ("plus voting", 5.0), ("plus another training", 10.0),
    ]  # fmt: skip
    assert found.even.requests == pytest.approx(5_000) and found.stages[2].even.requests == pytest.approx(10_000)


def test_an_interval_is_told_so_fine_that_its_ends_differ() -> None:
    assert payback.priced(costs.Estimate(0.2408, 0.2377, 0.2441, 66), "€") == ("0.2408 €", "0.2377 to 0.2441")
    assert payback.priced(costs.Estimate(12.0, 9.0, 15.0, 66), "€") == ("12.00 €", "9.00 to 15.00")


# -- what a record holds ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Seeded, Round, Assessment]]:
    store = Store.open(Path(tmp_path_factory.mktemp("payback")))
    seeded = ready(store, tests=12, took={"seconds": 7200.0, "device": CPU})
    found = rounds.open_round(store, MAKER, seeded.project, seeded.plan)
    found = vote_like_the_script(store, found, person(store, "Rita", Role.reviewer))
    yield store, seeded, found, signing.judged(store, found).subject[0]
    store.close()


def lacking(store: Store, found: Round, assessed: Assessment) -> list[str]:
    account = returns.of_round(store, found, assessed)
    assert account is not None and account.found is None
    return [each.kind for each in account.lacking]


def priced(store: Store, seeded: Seeded, model: str, read: float, currency: str = "€") -> None:
    payload = {"model": model, "million_in": read, "million_out": 0.0, "currency": currency}
    store.act("token_price.set", MAKER, payload, seeded.project)


def test_each_price_that_is_missing_is_named_and_then_the_figures_stand(
    closed: tuple[Store, Seeded, Round, Assessment],
) -> None:
    store, seeded, found, assessed = closed
    assert lacking(store, found, assessed) == ["tokens", "tokens", "hour"]
    priced(store, seeded, "smollm2-135m", 20.0)
    priced(store, seeded, prices.tuned("smollm2-135m"), 10.0)
    assert lacking(store, found, assessed) == ["hour"]
    store.act("price.set", MAKER, {"device": CPU, "an_hour": 3.0, "currency": "USD"}, seeded.project)
    assert lacking(store, found, assessed) == [""], "two currencies are never added up"
    store.act("price.set", MAKER, {"device": CPU, "an_hour": 3.0, "currency": "€"}, seeded.project)
    account = returns.of_round(store, found, assessed)
    assert account is not None and account.found is not None
    # 60 word pieces read: 0.0012 with the prompt, 0.0006 tuned; two hours at 3.00 make 6.00, so 10,000 answers.
    told, votes = account.found, len(rows.votes(store, found.id))
    assert told.saving.value == pytest.approx(0.6) and told.even.requests == pytest.approx(10_000)
    assert told.prompt.name == "House rules as a prompt" and "best prompt" in account.against
    assert told.tuned.read is not None and told.tuned.read.value == 60 and told.saving.n == 12
    assert any(f"of {votes:,} timed" in each and "no price of an hour" in each for each in account.left_out)
    expects = {"answers_a_month": 2000, "person_hour": 36.0, "currency": "€"}
    store.act("expectations.set", MAKER, expects, seeded.project)
    again = returns.of_round(store, found, assessed)
    assert again is not None and again.found is not None and again.found.a_month == 2000
    _are_listed_as_figures(store, found, again.found)
    cast = sum(vote.seconds or 0.0 for vote in rows.votes(store, found.id))
    assert again.found.stages[1].once == pytest.approx(6.0 + 36.0 * cast / 3600) and cast > 0
    store.undo(store.recent(seeded.project, MAKER, 1)[0].seq, MAKER)
    assert prices.expected(store, seeded.project) == prices.Expected() and store.audit() == []
    with pytest.raises(Refusal, match="from 0 up"):
        store.act("expectations.set", MAKER, expects | {"person_hour": -1.0}, seeded.project)


def _are_listed_as_figures(store: Store, found: Round, told: payback.Return) -> None:
    listed = {each.id: each for each in figures.of_round(store, found)}
    saving, even = listed["price/saving"], listed["price/answers/0"]
    assert (saving.value, saving.low, saving.high, saving.n) == (
        told.saving.value, told.saving.low, told.saving.high, 12,
    )  # fmt: skip
    assert saving.sentence == told.sentence and saving.unit == "€" and "€ (" in saving.word
    assert even.value == told.stages[0].even.requests and listed["price/once/1"].value == told.stages[1].once
    assert listed["price/tuned"].value == pytest.approx(0.6) and listed["price/prompt"].value == pytest.approx(1.2)


def test_the_arms_of_a_round_stand_by_what_people_preferred_and_by_what_they_cost(
    closed: tuple[Store, Seeded, Round, Assessment],
) -> None:
    store, seeded, found, assessed = closed
    priced(store, seeded, "smollm2-135m", 20.0)
    priced(store, seeded, prices.tuned("smollm2-135m"), 10.0, "USD")
    mixed = tradeoff.preferred(store, found, [assessed])
    assert mixed is not None and mixed.currency == "", "two currencies make no axis: word pieces do"
    assert [each.cost.value for each in mixed.points if each.cost] == [100.0] * 3
    priced(store, seeded, prices.tuned("smollm2-135m"), 10.0)
    told = tradeoff.preferred(store, found, [assessed])
    assert told is not None and told.quality == tradeoff.PREFERRED
    by_name = {each.name: each for each in told.points}
    names = signing.names(found)
    assert set(by_name) == {names[seeded.tuned], names[seeded.base], names[seeded.prompted]}
    for against in assessed.against:
        assert by_name[names[against.baseline]].quality.n == len(against.scored.prompts)
    # 60 word pieces: 0.60 for 1,000 answers tuned, 1.20 for the base with or without a prompt.
    cost = {each.name: each.cost.value for each in told.points if each.cost}
    assert told.currency == "€" and cost[names[seeded.tuned]] == pytest.approx(0.6)
    assert cost[names[seeded.base]] == cost[names[seeded.prompted]] == pytest.approx(1.2)
    listed = {each.id: each for each in figures.of_round(store, found)}
    price = listed[f"tradeoff/people/{seeded.tuned}/cost"]
    assert price.value == pytest.approx(0.6) and price.unit == "€" and "0.60 €" in price.sentence
    behind = [each.value or 0 for each in figures.answers_of(figures.material(store, found), price)]
    assert len(behind) == price.n and price.value == pytest.approx(1000 * sum(behind) / price.n)
    kept = tradeoff.kept(store, found)
    assert kept is not None and set(by_name) == {each.name for each in kept.points}
    for each in kept.points:
        assert 0 <= (each.quality.low or 0) <= each.quality.value <= (each.quality.high or 0) <= 1


def test_a_share_of_prompts_that_all_went_one_way_is_not_beyond_doubt() -> None:
    ranked = ranking.ranking(ranking.Comparison(str(n), "tuned", "base", won=1.0) for n in range(17))
    best, worst = (tradeoff.chosen(*each.share, 17) for each in ranked)
    low = 0.025 ** (1 / 17)  # Clopper and Pearson's for 17 of 17; the fit stays a little below 1
    assert best.low == pytest.approx(low, abs=0.01) and best.high == pytest.approx(1.0, abs=0.01)
    assert worst.high == pytest.approx(1 - low, abs=0.01) and worst.low == pytest.approx(0.0, abs=0.01)
    assert tradeoff.chosen(0.6, 0.5, 0.7, 17) == costs.Estimate(0.6, 0.5, 0.7, 17)


def point(name: str, quality: float, cost: float) -> tradeoff.Point:
    return tradeoff.Point(name, costs.Estimate(quality, 0.0, 1.0, 9), costs.Estimate(cost, 0.0, 9.0, 9))


def test_the_frontier_is_what_nothing_beats_on_both() -> None:
    best, cheap, worse = point("Best", 0.9, 3.0), point("Cheap", 0.6, 1.0), point("Worse", 0.5, 2.0)
    found = tradeoff.Tradeoff((best, cheap, worse), tradeoff.KEPT, "€")
    assert found.frontier("cost") == ("Best", "Cheap") and found.frontier("seconds") == ()
    assert found.sentence("cost") == (
        "No arm is better and costs less than Best and Cheap: each is the best for what it takes. "
        "Beaten on both: Worse."
    )
    assert found.sentence("seconds") == ""
    same = point("Same", 0.6, 1.0)
    assert tradeoff.Tradeoff((cheap, same), tradeoff.KEPT, "€").frontier("cost") == ("Cheap", "Same"), (
        "a tie beats none"
    )
    one = tradeoff.Tradeoff((cheap, worse), tradeoff.KEPT, "€")
    pieces = tradeoff.Tradeoff((cheap, worse), tradeoff.KEPT, "")
    assert pieces.sentence("cost") == "Cheap is the best and takes the fewest word pieces of 2 arms."
    alike = tradeoff.Tradeoff((best, point("Dear", 0.4, 3.0)), tradeoff.KEPT, "")
    assert alike.sentence("cost") == "Best is the best; no arm takes fewer word pieces.", "a tie is not the fewest"
    assert one.sentence("cost") == "Cheap is the best and the cheapest of 2 arms."


def test_a_share_of_the_ranking_is_that_of_two_arms_that_met() -> None:
    met = [ranking.Comparison(f"p{n}", "a", "b", won=float(n < 64), lost=float(n >= 64)) for n in range(80)]
    first, second = ranking.ranking(met)
    # 64 of 80: odds of 4 to 1, so strengths 2 and 1/2; an arm of strength 1 loses to the first 2 of 3 times.
    assert first.strength == pytest.approx(2.0, rel=1e-3) and first.share[0] == pytest.approx(2 / 3, rel=1e-3)
    assert second.share[0] == pytest.approx(1 / 3, rel=1e-3) and first.share[1] < 2 / 3 < first.share[2]
