"""After a start the newest closed rounds are ruled on before anybody asks; a round that is open is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from round_seed import MAKER, person, ready, vote_like_the_script

from studio import read_ahead, signing
from studio.records import Role
from studio.review import rounds
from studio.store import Store


def test_a_closed_round_is_ruled_on_ahead_and_an_open_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(tmp_path)
    seeded = ready(store, tests=12)
    found = rounds.open_round(store, MAKER, seeded.project, seeded.plan)
    asked: list[str] = []
    once = store.once
    monkeypatch.setattr(store, "once", lambda key, *how: asked.append(key[0]) or once(key, *how))
    read_ahead.closed_rounds(store)
    assert "judged" not in asked
    closed = vote_like_the_script(store, found, person(store, "Rita", Role.reviewer))
    assert closed.state == "closed"
    read_ahead.closed_rounds(store)
    assert {"judged", "gates", "stability", "checked", "figures"} <= set(asked)
    ahead = signing.judged(store, closed)
    assert signing.judged(store, closed) is ahead  # kept, until the next act
    person(store, "Saul", Role.reviewer)
    assert signing.judged(store, closed) is not ahead
    store.close()
