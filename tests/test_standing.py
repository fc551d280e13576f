"""Who is behind, and reminders: counts only, to an address that an admin set, over a real connection."""

from __future__ import annotations

import dataclasses
import datetime
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from round_seed import Seeded, person, ready

from studio.records import Person, Refusal, Role, Round
from studio.review import rounds, standing
from studio.store import Store, reminders
from studio.store import rounds as round_rows

NOW = datetime.datetime.now(datetime.UTC)


class Taken(HTTPServer):
    """What arrived, and the status to answer with."""

    got: list[dict[str, str]]
    status: int


class _Handler(BaseHTTPRequestHandler):
    server: Taken

    def do_POST(self) -> None:
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:9/")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[Taken]:
    server = Taken(("127.0.0.1", 0), _Handler)
    server.got, server.status = [], 204
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def seeded(store: Store) -> Seeded:
    return ready(store, tests=8)


@pytest.fixture
def crew(store: Store) -> dict[str, Person]:
    roles = {"Rita": Role.reviewer, "Otto": Role.reviewer, "Pia": Role.pm, "Ann": Role.admin}
    return {name: person(store, name, role) for name, role in roles.items()}


@pytest.fixture
def found(store: Store, seeded: Seeded, crew: dict[str, Person]) -> Round:
    soon = (NOW + datetime.timedelta(days=3)).date().isoformat()
    plan = dataclasses.replace(seeded.plan, baselines=(seeded.base,), deadline=soon)
    return rounds.open_round(store, "pia", seeded.project, plan)


def vote(store: Store, found: Round, who: Person, times: int) -> None:
    for _ in range(times):
        pair = rounds.next_pair(store, found, who.id)
        assert pair is not None
        rounds.vote(store, found, who, pair.id, "tie", seconds_on_screen=5.0)


def test_an_equal_part_and_who_is_behind_it(store: Store, found: Round, crew: dict[str, Person]) -> None:
    vote(store, found, crew["Rita"], 3)
    told = standing.standings(store, found, NOW + datetime.timedelta(days=2))
    assert [(s.person.name, s.done, s.share, s.behind) for s in told] == [("Otto", 0, 4, True), ("Rita", 3, 4, False)]
    over = standing.standings(store, found, NOW + datetime.timedelta(days=9))
    assert [s.behind for s in over] == [True, True]
    assert not any(s.behind for s in standing.standings(store, found, NOW))
    open_end = dataclasses.replace(found, registration={**found.registration, "deadline": ""})
    assert [s.behind for s in standing.standings(store, open_end, NOW)] == [True, False]
    vote(store, found, crew["Pia"], 1)
    assert [s.person.name for s in standing.standings(store, found, NOW)] == ["Otto", "Pia", "Rita"], (
        "who votes is asked"
    )


def test_how_much_is_still_to_read(store: Store, found: Round, crew: dict[str, Person]) -> None:
    assert standing.left(store, found) == "Still to come: at most about 8 votes."
    vote(store, found, crew["Rita"], 3)
    pairs, cast = round_rows.pairs(store, found.id), round_rows.votes(store, found.id)
    assert standing.left(store, found).startswith(f"Still to come: at most about {len(pairs) - len(cast)} votes, 1 rev")
    vote(store, found, crew["Rita"], 4)
    assert "1 vote, 1 reviewer-minute at the pace so far (" in standing.left(store, found)


def test_a_reminder_names_counts_and_nothing_else(store: Store, found: Round, crew: dict[str, Person]) -> None:
    vote(store, found, crew["Rita"], 2)
    text = standing.reminder(
        found, "Replies", standing.standings(store, found, NOW), "http://here/review?project=p", NOW
    )
    assert "Otto: 0 of about 4 pairs" in text and "Rita: 2 of about 4 pairs" in text
    assert "open until" in text and "http://here/review?project=p" in text
    late = standing.reminder(found, "Replies", [], "http://here/review", NOW + datetime.timedelta(days=9))
    assert "open until" not in late and "votes still count until it closes" in late
    arms = [facts["name"] for facts in found.registration["arms"].values()]
    assert not any(word in text for word in (*arms, "tie", "left", "right", "prefer"))


def test_a_round_that_nobody_who_is_asked_can_finish_says_so(
    store: Store, seeded: Seeded, crew: dict[str, Person]
) -> None:
    plan = dataclasses.replace(seeded.plan, baselines=(seeded.base,), cap=3, votes=2, floor=None, guardrails=())
    found = rounds.open_round(store, "pia", seeded.project, plan)
    vote(store, found, crew["Rita"], 3)
    rita = [each for each in standing.standings(store, found, NOW) if each.person.name == "Rita"]
    assert standing.is_stuck(store, found, rita), "each prompt waits for a second reader"
    assert not standing.is_stuck(store, found, standing.standings(store, found, NOW)), "Otto is one"


def test_the_equal_part_holds_what_everybody_is_to_read(store: Store, crew: dict[str, Person]) -> None:
    seeded = ready(store, tests=24)
    plan = dataclasses.replace(seeded.plan, baselines=(seeded.base,), cap=8, gold=2, gold_right=1, repeats=2)
    found = rounds.open_round(store, "pia", seeded.project, plan)
    told = standing.standings(store, found, NOW)
    assert {each.person.id: each.share for each in told} == {crew["Rita"].id: 7, crew["Otto"].id: 7}, "(8 + 2) / 2 + 2"


def test_only_an_admin_sets_an_address_and_only_a_safe_one(store: Store, found: Round, crew: dict[str, Person]) -> None:
    with pytest.raises(Refusal, match="Only an admin"):
        standing.set_webhook(store, crew["Pia"], found.project, "https://chat.example/x")
    for wrong in ("http://chat.example/x", "ftp://127.0.0.1/x", "https://", "https://a:b@chat.example", "no address",
                  "https://169.254.169.254/x", "https://[::1", "https://chat.example/a b"):  # fmt: skip
        with pytest.raises(Refusal, match="Nothing was changed"):
            standing.set_webhook(store, crew["Ann"], found.project, wrong)
    assert reminders.webhook(store, found.project) is None
    standing.set_webhook(store, crew["Ann"], found.project, " https://chat.example/hooks/team?key=1 ")
    hook = reminders.webhook(store, found.project)
    assert hook is not None and (hook.address, hook.person) == ("https://chat.example/hooks/team?key=1", crew["Ann"].id)
    standing.set_webhook(store, crew["Ann"], found.project, "")
    assert reminders.webhook(store, found.project) is None


def test_it_is_sent_as_json_and_a_failure_says_so(
    store: Store, found: Round, crew: dict[str, Person], hook: Taken
) -> None:
    ann, pia = crew["Ann"], crew["Pia"]
    with pytest.raises(Refusal, match="No address for reminders"):
        standing.send(store, pia, found, "text")
    standing.set_webhook(store, ann, found.project, f"http://127.0.0.1:{hook.server_port}/hook")
    standing.send(store, pia, found, "Please vote.\nThank you.")
    assert hook.got == [{"text": "Please vote.\nThank you."}]
    assert reminders.last_sent(store, found.project, found.id)
    sent = store.version
    for status in (302, 404, 500):
        hook.status = status
        with pytest.raises(Refusal, match=f"it said {status}"):
            standing.send(store, pia, found, "Again.")
    standing.set_webhook(store, ann, found.project, "http://127.0.0.1:9/hook")
    with pytest.raises(Refusal, match="could not be reached"):
        standing.send(store, pia, found, "Again.")
    assert store.version == sent + 1, "only what was taken is noted"
    rounds.close(store, "studio", found, "Enough.")
    closed = round_rows.get(store, found.id)
    assert closed is not None
    with pytest.raises(Refusal, match="closed"):
        standing.send(store, pia, closed, "Late.")


def test_an_address_that_does_not_speak_http_is_a_refusal(store: Store, found: Round, crew: dict[str, Person]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            line, _ = server.accept()
            with line:
                line.recv(65_536)
                line.sendall(b"SSH-2.0-server\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        standing.set_webhook(store, crew["Ann"], found.project, f"http://127.0.0.1:{server.getsockname()[1]}/hook")
        with pytest.raises(Refusal, match="could not be reached"):
            standing.send(store, crew["Pia"], found, "text")
        thread.join()
    standing.set_webhook(store, crew["Ann"], found.project, "https://chat.example/a\x7fb")
    with pytest.raises(Refusal, match="could not be reached"):
        standing.send(store, crew["Pia"], found, "text")
