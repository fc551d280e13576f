"""A judge behind a real address: held against a closed round's votes, then asked about the test prompts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from chat_server import Provider

from studio import judging, outputs, supervisor, vote_sets
from studio.records import Arm, JobState, Refusal, Role
from studio.review import rounds
from studio.store import Store, arms, runs
from studio.store import rounds as round_rows
from studio.train import elsewhere
from tests.round_seed import Seeded, person, ready, vote_like_the_script


@pytest.fixture
def voted(store: Store) -> Seeded:
    """A closed round on 24 prompts in which both reviewers prefer the longer answer."""
    seeded = ready(store, tests=24)
    first, second = (person(store, name, Role.reviewer) for name in ("Rita", "Saul"))
    opened = rounds.open_round(store, "pia", seeded.project, replace(seeded.plan, second_readers=0.4))
    vote_like_the_script(store, opened, first)
    assert vote_like_the_script(store, opened, second).state == "closed"
    return seeded


def arm(store: Store, name: str) -> Arm:
    found = arms.get(store, name)
    assert found is not None
    return found


def by_length(asked: str) -> str:
    """A judge that prefers the longer answer, as the reviewer did."""
    a, b = asked.split("Answer A:\n")[1].removesuffix("\n\nWhich is better?").split("\n\nAnswer B:\n")
    return "A" if len(a) > len(b) else "B"


def asked(store: Store, seeded: Seeded, provider: Provider) -> judging.Found:
    model = f"{provider.address}#judge"
    job = judging.start(store, "dora", seeded.project, seeded.dataset, model, seeded.tuned, seeded.base)
    assert supervisor.wait(store, job.id).state is JobState.done, runs.job(store, job.id)
    found = judging.newest(store, seeded.project, seeded.dataset)
    assert found is not None and found.model == model
    return found


def test_a_judge_that_agrees_with_people_is_heard_and_votes_nowhere(
    store: Store, voted: Seeded, provider: Provider
) -> None:
    provider.says = by_length
    with pytest.raises(Refusal, match="No admin has allowed questions to"):
        asked(store, voted, provider)
    elsewhere.allow(store, "admin", provider.address)
    cast = sum(len(round_rows.votes(store, each.id)) for each in round_rows.every(store, voted.project))
    found = asked(store, voted, provider)
    told = found.calibration
    assert told.n == judging.voted(store, voted.project) >= 20 and told.share == 1.0 and told.usable
    one, other = (outputs.current(store, voted.dataset, arm(store, name)) for name in (voted.tuned, voted.base))
    longer = [len(one[name].output) > len(other[name].output) for name in one]
    assert found.leaning is not None and found.leaning.value == sum(longer) / len(longer) > 0.5
    assert arm(store, voted.tuned).name in found.leaning.sentence
    assert sum(len(round_rows.votes(store, each.id)) for each in round_rows.every(store, voted.project)) == cast
    assert len(provider.asked) == 2 * (told.n + 24)
    assert "one letter" in provider.asked[0][2]["messages"][0]["content"]


def test_a_judge_that_looks_at_the_side_or_says_no_choice_is_not_heard(
    store: Store, voted: Seeded, provider: Provider
) -> None:
    elsewhere.allow(store, "admin", provider.address)
    provider.says = lambda asked: "A"
    found = asked(store, voted, provider)
    assert found.leaning is None and found.calibration.turned == found.calibration.n
    provider.says = lambda asked: "It depends."
    found = asked(store, voted, provider)
    assert found.leaning is None and found.calibration.unread == found.calibration.n


def test_without_votes_or_answers_it_cannot_be_asked(store: Store, provider: Provider) -> None:
    seeded = ready(store, tests=24)
    elsewhere.allow(store, "admin", provider.address)
    with pytest.raises(Refusal, match="People have decided 0 pairs"):
        asked(store, seeded, provider)
    assert judging.newest(store, seeded.project, seeded.dataset) is None and provider.asked == []


def test_a_judgement_that_failed_goes_on_where_it_was(store: Store, voted: Seeded, provider: Provider) -> None:
    elsewhere.allow(store, "admin", provider.address)
    provider.says, works = by_length, provider.answers
    provider.answers = lambda number: (401, 0.0, {}) if number == 8 else works(number)
    job = judging.start(
        store, "dora", voted.project, voted.dataset, f"{provider.address}#judge", voted.tuned, voted.base
    )
    failed = supervisor.wait(store, job.id)
    assert failed.state is JobState.failed and judging.newest(store, voted.project, voted.dataset) is None
    provider.answers = works
    judging.go_on(store, "dora", failed)
    assert supervisor.wait(store, job.id).state is JobState.done
    found = judging.newest(store, voted.project, voted.dataset)
    assert found is not None and found.calibration.usable and found.calibration.unread == 0
    # Each once, and the one that failed once more.
    assert len(provider.asked) == 2 * (found.calibration.n + 24) + 1


def test_prompts_that_a_model_is_taught_by_votes_on_are_no_test_for_a_judge(
    store: Store, voted: Seeded, provider: Provider
) -> None:
    elsewhere.allow(store, "admin", provider.address)
    vote_sets.freeze(store, "pia", voted.project)
    with pytest.raises(Refusal, match="used in votes that a model is taught from"):
        asked(store, voted, provider)
    assert provider.asked == []


def test_it_compares_two_arms(store: Store, voted: Seeded, provider: Provider) -> None:
    elsewhere.allow(store, "admin", provider.address)
    with pytest.raises(Refusal, match="compares two arms in use"):
        judging.start(store, "d", voted.project, voted.dataset, f"{provider.address}#j", voted.base, voted.base)
