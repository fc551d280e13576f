"""What the page of an open round says was fixed before the first vote."""

from __future__ import annotations

from dataclasses import replace

from round_seed import ready
from signed_in import opened, person, words

from studio.records import Role
from studio.review import rounds
from studio.store import Store


def test_only_prompts_that_the_round_can_use_count_as_read_by_two(store: Store) -> None:
    seeded = ready(store, tests=8)
    person(store, "Rita", Role.reviewer)
    _, session = person(store, "Pia", Role.pm)
    plan = replace(seeded.plan, cap=4, second_readers=1.0)
    rounds.open_round(store, "maker", seeded.project, plan)
    assert "4 prompts: 4 with 2 votes" in words(opened(store, session, "review", project=seeded.project))
