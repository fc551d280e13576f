"""What waits for whom on the first page: by role, and only what is really left to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from round_seed import MAKER, Seeded, person, ready, vote_like_the_script

from studio import awaiting, brief, checking, discussion, projects, signing
from studio.examples import labelling
from studio.examples import step as example_step
from studio.records import Brief, Person, Role
from studio.review import rounds
from studio.store import Store
from studio.store import rounds as round_rows


@dataclass(frozen=True)
class Team:
    store: Store
    seeded: Seeded
    dora: Person
    pia: Person


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    store = Store.open(tmp_path_factory.mktemp("team"))
    seeded = ready(store, tests=8)
    yield Team(store, seeded, person(store, "Dora", Role.designer), person(store, "Pia", Role.pm))
    store.close()


def told(team: Team, who: Person) -> list[tuple[str, str]]:
    return [(each.page, each.sentence) for each in awaiting.waiting(team.store, who)]


def test_a_decision_waits_for_who_may_sign_and_a_round_for_who_may_judge(team: Team) -> None:
    store, project = team.store, team.seeded.project
    assert not told(team, team.dora) and not told(team, team.pia)
    found = rounds.open_round(store, MAKER, project, team.seeded.plan)
    [judging] = told(team, team.pia)
    assert judging == ("review", f"{rounds.left_for(store, found, team.pia.id)} pairs to judge in the blind round.")
    found = vote_like_the_script(store, found, person(store, "Rita", Role.reviewer))
    assert found.state == "closed"
    assert told(team, team.pia) == [("decision", "The round is closed; its decision is not signed.")]
    assert not told(team, team.dora)
    discussion.add(store, team.pia, round_rows.every(store, project)[0], "@Dora, is this ours?")
    assert told(team, team.dora) == [("decision", "Pia named you on the verdict: “@Dora, is this ours?”")]
    newer = rounds.open_round(store, MAKER, project, team.seeded.plan)
    assert told(team, team.dora)[0] == (
        "review", "Pia named you on an earlier verdict. You read it once the open round has closed.",
    ), "what is said of arms is kept from who votes"  # fmt: skip
    rounds.cancel(store, MAKER, newer, "Opened by mistake.")
    discussion.settle(store, team.pia, discussion.threads(store, found)[0], True)
    signing.sign(store, team.pia, found, "As it says.")
    assert not told(team, team.pia) and not told(team, team.dora)


def test_examples_labels_and_contradictions_wait_until_they_are_done(team: Team) -> None:
    store, project = team.store, projects.create(team.store, "ann", "Second").id
    brief.save(store, "ann", project, Brief(task="Answer"), note="", changes_meaning=True)
    asked = ("Where is my parcel?", "Where is my parcel?", "When do you open?")
    made = [
        example_step.write(store, "ann", project, input=text, ideal=f"Answer {n}.").id for n, text in enumerate(asked)
    ]
    example_step.assign(store, "ann", project, made[:2], team.dora.id)
    labelling.open_queue(store, "ann", project, "First look", made, [team.dora.id])
    assert told(team, team.dora) == [
        ("examples", "3 examples to label in “First look”."), ("examples", "2 examples given to you, not decided yet."),
    ]  # fmt: skip
    checking.now(store, project)
    assert told(team, team.dora)[-1] == ("health", "1 contradiction to settle.")
    assert not told(team, team.pia), "neither is a PM's"
    example_step.trash(store, "ann", project, made[:1])
    assert told(team, team.dora)[1:] == [("examples", "1 example given to you, not decided yet.")]
    projects.archive(store, "ann", project)
    assert not told(team, team.dora)


def test_a_job_that_ended_waits_until_its_starter_is_back_at_work(team: Team) -> None:
    store, project, dora = team.store, projects.create(team.store, "ann", "Third").id, team.dora.id
    store.act("job.started", dora, {"id": "j1", "kind": "generate", "folder": "j1", "detail": {}}, project)
    assert not told(team, team.dora)
    store.act("job.finished", "studio", {"id": "j1", "state": "failed", "result": {}}, project)
    assert told(team, team.dora) == [("evaluate", "Writing the answers has failed; its page says why.")]
    projects.rename(store, dora, project, "Mine")
    assert not told(team, team.dora)
