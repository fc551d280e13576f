"""What is half written stays with its project, in one session of a browser that goes through several."""

from __future__ import annotations

from pathlib import Path

from signed_in import person, sound
from streamlit.testing.v1 import AppTest

from studio import drafts
from studio.records import Role
from studio.store import Store
from studio.ui import server


def page() -> None:
    import streamlit as st

    from studio.ui import access, draft_fields, keys, server

    pia = access.current_person()
    assert pia is not None
    st.session_state[keys.OPENED] = ["home", pia.id, pia.role.value]
    visit = access.Visit(server.store(), pia, st.query_params["project"])
    draft_fields.line(visit, "Name", "a-name", "as saved")
    draft_fields.whole(visit, "Days", "some-days", 30, (1, 365))


def test_what_was_typed_in_one_project_is_not_in_another(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    pia, session = person(store, "Pia", Role.pm)
    server.configure()
    server.use(store)
    at = AppTest.from_function(page)
    at.user = {"session": session}

    def shown(project: str) -> tuple[object, object]:
        at.query_params["project"] = project
        sound(at.run())
        return at.text_input(key="a-name").value, at.number_input(key="some-days").value

    drafts.keep(store, pia.id, "two/some-days", {"text": 7})
    assert shown("one") == ("as saved", 30)
    at.text_input(key="a-name").input("Half writ").run()
    assert shown("two") == ("as saved", 7) and shown("one") == ("Half writ", 30)
    at.text_input(key="a-name").input("as saved").run()
    assert drafts.kept(store, pia.id, "one/a-name") is None, "typed back: nothing is left to keep"
    store.close()
