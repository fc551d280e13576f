"""Read-only links: who makes them, what they open and until when, and that one which opens nothing tells nothing."""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

import pytest
from round_seed import Seeded, person, ready, vote_like_the_script
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from studio import outputs, people, projects, sharing, signing
from studio.records import Person, Refusal, Role, Round, sha256
from studio.review import rounds
from studio.store import Store, arms, decisions, prices, shares
from studio.store import rounds as round_rows
from studio.ui import act_words, share_route, sign_in
from studio.ui.guard import Guard


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = Store.open(Path(tmp_path_factory.mktemp("shared")))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def seeded(store: Store) -> Seeded:
    return ready(store, tests=8)


@pytest.fixture(scope="module")
def pia(store: Store) -> Person:
    person(store, "Ada", Role.admin)
    return person(store, "Pia", Role.pm)


@pytest.fixture(scope="module")
def found(store: Store, seeded: Seeded) -> Round:
    plan = dataclasses.replace(seeded.plan, baselines=(seeded.base,))
    opened = rounds.open_round(store, "pia", seeded.project, plan)
    return vote_like_the_script(store, opened, person(store, "Rita Votes", Role.reviewer))


@pytest.fixture
def outside(store: Store) -> Iterator[TestClient]:
    """Somebody without a session, at the door of the server."""
    door = Middleware(Guard, store=lambda: store, cookie="c", sign_in=sign_in.door)
    app = Starlette(routes=[share_route.route(lambda: store, 0.05)], middleware=[door])
    with TestClient(app) as client:
        yield client


def made(store: Store, pia: Person, project: str, **more: object) -> tuple[str, shares.Share]:
    token = sharing.make(store, pia, project, "Steering", **more)  # type: ignore[arg-type]
    share = sharing.find(store, token)
    assert share is not None
    return token, share


def test_a_link_is_for_somebody_for_some_days_by_who_may_sign(store: Store, seeded: Seeded, pia: Person) -> None:
    dora = person(store, "Dora", Role.designer)
    with pytest.raises(Refusal, match="by a PM or an admin"):
        sharing.make(store, dora, seeded.project, "Steering")
    with pytest.raises(Refusal, match="the name of whom it is for"):
        sharing.make(store, pia, seeded.project, " ")
    for days in (0, 366):
        with pytest.raises(Refusal, match="1 to 365 days"):
            sharing.make(store, pia, seeded.project, "Steering", days=days)
    with pytest.raises(Refusal, match="no such round"):
        sharing.make(store, pia, seeded.project, "Steering", round_id="another")
    token, share = made(store, pia, seeded.project)
    left = datetime.datetime.fromisoformat(share.expires) - datetime.datetime.now(datetime.UTC)
    assert 29.9 < left / datetime.timedelta(days=1) <= 30 and share.sha == sha256(token)
    everything = "".join(path.read_text("utf-8", "replace") for path in store.workspace.rglob("*") if path.is_file())
    assert share.sha in everything and token not in everything, "only its hash is kept"
    with pytest.raises(Refusal, match="by a PM or an admin"):
        sharing.withdraw(store, dora, share)


def test_what_ends_a_link_ends_it_at_once(store: Store, seeded: Seeded, pia: Person) -> None:
    token, share = made(store, pia, seeded.project)
    assert shares.standing(store, share.sha, share.expires) is None, "expired"
    sharing.withdraw(store, pia, share)
    assert sharing.find(store, token) is None
    assert sharing.state(store, shares.of(store, seeded.project)[0]) == "withdrawn"
    with pytest.raises(Refusal, match="withdrawn already"):
        sharing.withdraw(store, pia, share)
    store.undo(store.version, pia.id)
    assert sharing.find(store, token) == share
    projects.archive(store, pia.id, seeded.project, archived=True)
    assert sharing.find(store, token) is None
    projects.archive(store, pia.id, seeded.project, archived=False)
    for change, back in (
        (lambda: people.change_role(store, people.SYSTEM, pia.id, Role.designer),
         lambda: people.change_role(store, people.SYSTEM, pia.id, Role.pm)),
        (lambda: people.set_active(store, people.SYSTEM, pia.id, False),
         lambda: people.set_active(store, people.SYSTEM, pia.id, True)),
    ):  # fmt: skip
        change()
        assert sharing.find(store, token) is None and "maker" in sharing.state(store, share)
        back()
    assert sharing.find(store, token) == share and sharing.state(store, share) == ""


def test_openings_are_counted_without_who_opened(store: Store, seeded: Seeded, pia: Person) -> None:
    _, share = made(store, pia, seeded.project)
    sharing.count_opening(store, share)
    act, _ = store.log(1)[0]
    assert (act.kind, act.actor, act.project, store.payload(act)) == (
        "share.opened", people.SYSTEM, "", {"id": share.id},
    )  # fmt: skip
    assert act_words.told(store, act) == "Read-only link to a decision opened"
    counted = shares.of(store, seeded.project)[0]
    assert counted.opened == 1 and counted.last_opened == act.at
    sharing.count_opening(store, counted)
    assert shares.of(store, seeded.project)[0].opened == 1, "a reload within a minute"
    earlier = dataclasses.replace(counted, last_opened="2020-01-01T00:00:00.000+00:00")
    sharing.count_opening(store, earlier)
    assert shares.of(store, seeded.project)[0].opened == 2


def test_every_token_that_opens_nothing_is_told_the_same_as_late(
    store: Store, seeded: Seeded, pia: Person, outside: TestClient
) -> None:
    token, share = made(store, pia, seeded.project)
    sharing.withdraw(store, pia, share)
    answers = [outside.get(f"/share/{each}") for each in (token, "never-given-out", "x" * 200, "odd%20sign!")]
    assert len({(each.status_code, each.text, str(each.headers)) for each in answers}) == 1
    assert answers[0].status_code == 404 and "This link does not work any more" in answers[0].text
    assert all(each.elapsed.total_seconds() >= 0.05 for each in answers)


def test_before_a_round_has_closed_it_tells_that_votes_come_in(
    store: Store, seeded: Seeded, pia: Person, outside: TestClient
) -> None:
    token, _ = made(store, pia, seeded.project)
    assert "Nothing has been decided yet." in outside.get(f"/share/{token}").text
    plan = dataclasses.replace(seeded.plan, baselines=(seeded.base,))
    going = vote_like_the_script(
        store, rounds.open_round(store, "pia", seeded.project, plan), person(store, "Otto", Role.reviewer), 3
    )
    told = outside.get(f"/share/{token}").text
    assert "Votes are coming in." in told
    for secret in ("Tuned on", "theta", "%", "3 of", going.id):
        assert secret not in told.partition("<h1>")[2], secret
    rounds.cancel(store, "pia", going, "Only to look.")


def test_it_shows_the_decision_to_read_and_neither_texts_nor_who_voted(
    store: Store, seeded: Seeded, pia: Person, found: Round, outside: TestClient
) -> None:
    signing.sign(store, pia, found, "As <b>ruled</b>.")
    token = sharing.make(store, pia, seeded.project, "The <i>board</i>")
    head = store.head
    first = outside.get(f"/share/{token}")
    told = first.text
    for part in (
        "Read only", "The &lt;i&gt;board&lt;/i&gt;", "Inconclusive", "What a GO needs", "Which do people prefer?",
        "signed by Pia", "As &lt;b&gt;ruled&lt;/b&gt;.", head[:16],
    ):  # fmt: skip
        assert part in told, part
    texts = [text for p in round_rows.pairs(store, found.id) for text in (p.input, p.left, p.right)]
    assert not [text for text in texts if escape(text) in told] and "Rita Votes" not in told
    assert "<script" not in told and "<form" not in told and "set-cookie" not in first.headers
    assert first.headers["cache-control"] == "no-store" and first.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in first.headers["x-robots-tag"]
    policy = first.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe-inline" not in policy and "frame-ancestors 'none'" in policy
    share = shares.of(store, seeded.project)[0]
    assert share.opened == 1 and outside.post(f"/share/{token}").status_code == 403
    signing.withdraw(store, pia, seeded.project, decisions.every(store, seeded.project)[0].id, "Read again.")
    assert "Nobody has signed a decision" in outside.get(f"/share/{token}").text, "as the record stands now"


def test_a_price_that_was_set_in_another_project_is_told(
    store: Store, seeded: Seeded, pia: Person, found: Round
) -> None:
    _, share = made(store, pia, seeded.project)
    links = sharing.Decisions()

    def costs() -> tuple[str, ...]:
        about = links.of(store, share).about
        assert about is not None
        return about.cost

    before = costs()
    models = {arm.model for arm in arms.every(store, seeded.project)}
    assert any("the price of" in each for each in before)
    other = projects.create(store, pia.id, "Another")
    done = [
        store.act(
            "token_price.set",
            pia.id,
            {"model": name, "million_in": 1.0, "million_out": 2.0, "currency": "EUR"},
            other.id,
        )
        for model in models
        for name in (model, prices.tuned(model))
    ]
    assert costs() != before
    for act in reversed(done):
        store.undo(act.seq, pia.id)
    assert costs() == before


def test_answers_are_shown_where_that_was_ticked_and_then_seen_by_who_made_the_link(
    store: Store, seeded: Seeded, found: Round, outside: TestClient
) -> None:
    otto = person(store, "Otto Signs", Role.pm)
    assert not rounds.conflict(store, seeded.project, otto)
    token = sharing.make(store, otto, seeded.project, "Board", answers=True)
    assert rounds.conflict(store, seeded.project, otto) == "saw which arm wrote what"
    told = outside.get(f"/share/{token}").text
    shown = [p for p in round_rows.pairs(store, found.id) if escape(p.input) in told]
    assert [p.position for p in shown] == list(range(sharing.SHOWN_ANSWERS))
    assert all(escape(p.left) in told and escape(p.right) in told for p in shown)
    assert "1 vote for" in told and "Rita Votes" not in told


def test_of_a_newer_round_it_tells_no_more_than_that_it_is_open(
    store: Store, seeded: Seeded, pia: Person, found: Round, outside: TestClient
) -> None:
    latest, _ = made(store, pia, seeded.project)
    pinned, _ = made(store, pia, seeded.project, round_id=found.id)
    before = outside.get(f"/share/{pinned}").text.partition("<main>")[2]
    going = rounds.open_round(store, "pia", seeded.project, seeded.plan)
    now_told = outside.get(f"/share/{latest}").text
    assert "Votes are coming in on a newer round" in now_told and going.id not in now_told
    assert going.sha256 not in now_told and found.sha256 in now_told
    with_answers, _ = made(store, pia, seeded.project, round_id=found.id, answers=True)
    held_back = outside.get(f"/share/{with_answers}").text
    texts = [text for p in round_rows.pairs(store, found.id) for text in (p.input, p.left, p.right)]
    assert not [text for text in texts if escape(text) in held_back] and "shown again once" in held_back
    still = outside.get(f"/share/{pinned}").text
    assert "Votes are coming in" not in still
    assert without_head(still.partition("<main>")[2]) == without_head(before)


def test_a_link_does_not_tell_who_votes_what_their_pages_keep(
    store: Store, seeded: Seeded, pia: Person, found: Round, outside: TestClient
) -> None:
    """While the round is open that the test before it opened."""
    assert any(each.state == "open" for each in round_rows.every(store, seeded.project))
    token, _ = made(store, pia, seeded.project, round_id=found.id)
    joined = people.join(store, people.make_invitation(store, people.SYSTEM, "Quinn", Role.pm), "")
    outside.cookies.set("c", joined.session)
    own = outside.get(f"/share/{token}")
    assert own.status_code == 403 and "your votes in it count" in own.text and found.sha256 not in own.text
    outputs.saw(store, joined.person.id, seeded.project, seeded.dataset)
    assert found.sha256 in outside.get(f"/share/{token}").text
    outside.cookies.clear()
    assert outside.get(f"/share/{token}").status_code == 200, "whoever is not of this studio reads it"


def without_head(page: str) -> str:
    return re.sub(r"<dt>Journal head</dt><dd>[0-9a-f]+</dd>", "", page)


def test_many_tries_are_not_answered_for_a_minute() -> None:
    clock = [0.0]
    tries = share_route.Tries(lambda: clock[0])
    for _ in range(tries.MOST):
        assert not tries.too_many("a")
        tries.miss("a")
    assert tries.too_many("a") and not tries.too_many("b")
    clock[0] = tries.SECONDS + 0.1
    assert not tries.too_many("a")
    for address in ["a"] * tries.MOST + [str(n) for n in range(tries.ADDRESSES)]:
        tries.miss(address)
    assert not tries.too_many("a"), "the oldest of very many is forgotten"


def test_a_link_that_works_opens_however_many_were_tried_from_there(store: Store, seeded: Seeded, pia: Person) -> None:
    token, _ = made(store, pia, seeded.project)
    with TestClient(Starlette(routes=[share_route.route(lambda: store, 0.0)])) as behind_a_proxy:
        answers = [behind_a_proxy.get("/share/none").status_code for _ in range(share_route.Tries.MOST + 1)]
        assert answers == [404] * share_route.Tries.MOST + [429]
        assert behind_a_proxy.get(f"/share/{token}").status_code == 200


def test_a_decision_on_what_was_taken_away_is_said_not_to_be_shown(
    store: Store, seeded: Seeded, pia: Person, found: Round, outside: TestClient
) -> None:
    token, _ = made(store, pia, seeded.project, round_id=found.id)
    for each in round_rows.every(store, seeded.project):
        if each.state == "open":
            rounds.cancel(store, "pia", each, "Only to look.")
    saved = next(a for a in store.history(seeded.project, ("arm.saved",)) if seeded.tuned in str(store.payload(a)))
    store.undo(saved.seq, pia.id)
    answer = outside.get(f"/share/{token}")
    assert answer.status_code == 409 and "This decision cannot be shown" in answer.text
    store.undo(store.recent(seeded.project, pia.id, 1)[0].seq, pia.id)
