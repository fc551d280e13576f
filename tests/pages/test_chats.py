"""Conversations on the pages: written turn by turn, shown as chat, judged as a whole; and rights beside them."""

from __future__ import annotations

import datetime

from round_seed import MAKER, ready
from signed_in import opened, person, press, sound, words

from studio import projects
from studio.examples import step
from studio.records import Consent, Role, Speaker, Turn
from studio.review import rounds
from studio.store import Store
from studio.store import examples as rows
from studio.store import rounds as round_rows

SAID = (Turn(Speaker.user, "Hello <b>you</b>"), Turn(Speaker.assistant, "Hi, how can I help?"))


def test_an_imported_chat_is_previewed_turn_by_turn(store: Store) -> None:
    dora, session = person(store, "Dora", Role.designer)
    project = projects.create(store, dora.id, "Mine").id
    at = opened(store, session, "examples", project=project, **{"examples-view": "import"})
    chat = '[{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello <b>you</b>"}, '
    chat += '{"role": "assistant", "content": "Hi"}, {"role": "user", "content": "Where?"}, '
    chat += '{"role": "assistant", "content": "Here."}]'
    at.text_area(key="import-paste").set_value(f'[{{"messages": {chat}}}]')
    press(at, "import-read")
    assert "Conversations with earlier turns: 1." in words(at)
    assert '<li class="ys-user"><span>They wrote</span><p>Hello &lt;b&gt;you&lt;/b&gt;</p></li>' in words(at)
    press(at, "import-do")
    (saved,) = rows.every(store, project)
    assert (saved.system, saved.input, saved.ideal, len(saved.earlier)) == ("Be kind.", "Where?", "Here.", 2)
    assert saved.source == "pasted rows"


def test_the_list_says_how_long_a_conversation_is_and_what_it_began_with(store: Store) -> None:
    dora, session = person(store, "Dora", Role.designer)
    project = projects.create(store, dora.id, "Mine").id
    step.write(store, dora.id, project, input="Where?", ideal="Here.", earlier=SAID)
    step.write(store, dora.id, project, input="Alone?", ideal="Yes.")
    told = words(opened(store, session, "examples", project=project))
    assert "Conversation of 3 turns, from “Hello &lt;b&gt;you&lt;/b&gt;”" in told and told.count("Conversation of") == 1


def test_turns_are_added_changed_and_removed(store: Store) -> None:
    dora, session = person(store, "Dora", Role.designer)
    project = projects.create(store, dora.id, "Mine").id
    found = step.write(store, dora.id, project, input="Where?", ideal="Here.", earlier=SAID)
    at = opened(store, session, "examples", project=project, example=found.id)
    assert "Hello &lt;b&gt;you&lt;/b&gt;" in words(at)
    press(at, "turn-t1-remove")
    at.text_area(key="turn-t0-text").set_value("Good morning")
    sound(at.run())
    press(at, "turn-add")
    assert at.selectbox(key="turn-t1-speaker").value == "assistant"
    press(at, "example-save")
    assert "A turn of the conversation is empty" in words(at)
    at.text_area(key="turn-t1-text").set_value("Good morning to you")
    sound(at.run())
    press(at, "example-save")
    saved = rows.get(store, found.id)
    assert saved is not None
    assert [(t.speaker.value, t.text) for t in saved.earlier] == [
        ("user", "Good morning"), ("assistant", "Good morning to you"),
    ]  # fmt: skip
    press(at, "example-restore-1")
    saved = rows.get(store, found.id)
    assert saved is not None and saved.earlier == SAID


def test_rights_and_dates_are_saved_with_the_example(store: Store) -> None:
    dora, session = person(store, "Dora", Role.designer)
    project = projects.create(store, dora.id, "Mine").id
    found = step.write(store, dora.id, project, input="Where?", ideal="Here.")
    at = opened(store, session, "examples", project=project, example=found.id)
    at.text_input(key="example-licence").set_value("CC BY 4.0")
    at.selectbox(key="example-consent").set_value("given")
    at.date_input(key="example-expires").set_value(datetime.date(2027, 1, 31))
    at.text_area(key="example-worse").set_value("Look yourself.")
    at.multiselect(key="example-kinds").set_value(["vague"])
    sound(at.run())
    press(at, "example-save")
    saved = rows.get(store, found.id)
    assert saved is not None
    assert (saved.licence, saved.consent, saved.expires, saved.worse, saved.kinds, saved.source) == (
        "CC BY 4.0", Consent.given, "2027-01-31", "Look yourself.", ("vague",), "written here",
    )  # fmt: skip
    _, pia = person(store, "Pia", Role.pm)
    said = words(opened(store, pia, "examples", project=project, example=found.id))
    assert "Right ends on: 2027-01-31" in said and "Look yourself." in said


def test_a_voter_sees_the_whole_conversation(store: Store) -> None:
    seeded = ready(store, tests=8, earlier=SAID)
    opened_round = rounds.open_round(store, MAKER, seeded.project, seeded.plan)
    assert all(pair.earlier == SAID for pair in round_rows.pairs(store, opened_round.id))
    _, session = person(store, "Rita", Role.reviewer)
    said = words(opened(store, session, "review", project=seeded.project))
    assert "Hello &lt;b&gt;you&lt;/b&gt;" in said and "We answered" in said
