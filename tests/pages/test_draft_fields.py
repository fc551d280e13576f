"""What is half written stays with its project, in one session of a browser that goes through several."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from signed_in import person, sound
from streamlit.testing.v1 import AppTest

from studio import drafts
from studio.records import Person, Role
from studio.store import Store
from studio.ui import draft_fields, server


def page() -> None:
    import streamlit as st

    from studio.ui import access, draft_fields, keys, server

    pia = access.current_person()
    assert pia is not None
    st.session_state[keys.OPENED] = ["home", pia.id, pia.role.value]
    visit = access.Visit(server.store(), pia, st.query_params["project"])
    draft_fields.line(visit, "Name", "a-name", "as saved")
    draft_fields.whole(visit, "Days", "some-days", int(st.query_params["saved"]), (1, 365))
    draft_fields.number(visit, "Price", "a-price", float(st.query_params["saved"]), min_value=0.0, max_value=99.0)


def test_what_was_typed_in_one_project_is_not_in_another(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    pia, session = person(store, "Pia", Role.pm)
    server.configure()
    server.use(store)
    at = AppTest.from_function(page)
    at.user = {"session": session}

    def shown(project: str) -> tuple[object, object]:
        at.query_params.update({"project": project, "saved": "30"})
        sound(at.run())
        return at.text_input(key="a-name").value, at.number_input(key="some-days").value

    drafts.keep(store, pia.id, "two/some-days", {"text": 7})
    assert shown("one") == ("as saved", 30)
    at.text_input(key="a-name").input("Half writ").run()
    assert shown("two") == ("as saved", 7) and shown("one") == ("Half writ", 30)
    at.text_input(key="a-name").input("as saved").run()
    assert drafts.kept(store, pia.id, "one/a-name") is None, "typed back: nothing is left to keep"
    store.close()


def test_a_number_nobody_typed_follows_what_is_saved_and_a_typed_one_stays_in_its_bounds(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    pia, session = person(store, "Pia", Role.pm)
    server.configure()
    server.use(store)

    def shown(at: AppTest, saved: str) -> tuple[object, object]:
        at.user = {"session": session}
        at.query_params.update({"project": "one", "saved": saved})
        sound(at.run())
        return at.number_input(key="some-days").value, at.number_input(key="a-price").value

    at = AppTest.from_function(page)
    assert shown(at, "30") == (30, 30.0) and shown(at, "20") == (20, 20.0), "an undo, or somebody else"
    assert at.number_input(key="some-days").proto.default == 20, "what a browser puts there once it is emptied"
    at.number_input(key="some-days").set_value(7).run()
    at.number_input(key="a-price").set_value(None).run()
    assert shown(at, "30") == (7, None) and shown(AppTest.from_function(page), "30") == (7, None)
    drafts.keep(store, pia.id, "one/some-days", {"text": 1000})
    drafts.keep(store, pia.id, "one/a-price", {"text": 100.5})
    assert shown(AppTest.from_function(page), "30") == (365, 99.0), "kept by a build with other bounds"
    for form in ({"text": [{}]}, {"text": True}, {"": "of another build"}):
        for field in ("a-name", "some-days", "a-price"):
            drafts.keep(store, pia.id, f"one/{field}", form)
        at = AppTest.from_function(page)
        assert shown(at, "30") == (30, 30.0) and at.text_input(key="a-name").value == "as saved"
    store.close()


def choices() -> None:
    import datetime
    from typing import cast

    import streamlit as st

    from studio.ui import access, draft_fields, keys, server

    pia = access.current_person()
    assert pia is not None
    st.session_state[keys.OPENED] = ["home", pia.id, pia.role.value]
    visit = access.Visit(server.store(), pia, "one")
    arms = {name: name.upper() for name in st.query_params["arms"]}
    first = cast("list[str]", list(st.query_params["first"]))
    draft_fields.many(visit, "Arms", "arms", arms, first, most=2)
    draft_fields.pick(visit, "Arm", "arm", arms, first[0])
    draft_fields.radio(visit, "How", "how", arms)
    draft_fields.flag(visit, "Too", "too", True)
    draft_fields.day(visit, "Until", "until", first=datetime.date.fromisoformat(st.query_params["today"]))


Loaded = Callable[..., AppTest]


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[tuple[Loaded, Store, Person]]:
    """A page of choices as a browser shows it after a reload: a session of its own, the drafts as they are."""
    store = Store.open(tmp_path)
    pia, session = person(store, "Pia", Role.pm)
    server.configure()
    server.use(store)

    def load(at: AppTest | None = None, **given: str) -> AppTest:
        at = at or AppTest.from_function(choices)
        at.user = {"session": session}
        at.query_params.update({"arms": "abc", "first": "a", "today": "2026-01-01"} | given)
        return sound(at.run())

    yield load, store, pia
    store.close()


def shown(at: AppTest) -> list[object]:
    until = at.date_input(key="until").value
    return [at.multiselect(key="arms").value, at.selectbox(key="arm").value, at.radio(key="how").value,
            at.checkbox(key="too").value, str(until)]  # fmt: skip


def chosen_otherwise(at: AppTest) -> AppTest:
    at.multiselect(key="arms").set_value(["c", "b"])
    at.selectbox(key="arm").set_value("b")
    at.radio(key="how").set_value("c")
    at.checkbox(key="too").uncheck()
    at.date_input(key="until").set_value("2026-03-01")
    return sound(at.run())


def test_what_was_chosen_is_there_after_a_reload(loaded: tuple[Loaded, Store, Person]) -> None:
    load, store, pia = loaded
    at = load()
    assert shown(at) == [["a"], "a", "a", True, "None"]
    chosen_otherwise(at)
    assert shown(load()) == [["c", "b"], "b", "c", False, "2026-03-01"]
    at.multiselect(key="arms").set_value([]).run()
    assert shown(load())[0] == [], "that nothing is chosen is a choice, too"
    at.selectbox(key="arm").set_value("a").run()
    assert drafts.kept(store, pia.id, "one/arm") is None, "chosen back: nothing is left to keep"


def test_a_kept_choice_leaves_out_what_is_gone_and_a_day_that_is_past(loaded: tuple[Loaded, Store, Person]) -> None:
    load, _, _ = loaded
    at = chosen_otherwise(load())
    assert shown(load(at, arms="ab")) == [["b"], "b", "a", False, "2026-03-01"], "in the page that is open"
    assert shown(load(arms="ac", today="2026-03-02")) == [["c"], "a", "c", False, "None"], "and in one that is loaded"
    assert shown(load(arms="a"))[0] == ["a"], "none of them is left: as if nobody had chosen"


@pytest.mark.parametrize("damaged", [[{}], "2026-02-31", 3.5, {"a": 1}, None], ids=str)
def test_a_draft_of_another_kind_counts_as_none(loaded: tuple[Loaded, Store, Person], damaged: object) -> None:
    load, store, pia = loaded
    for field in ("arms", "arm", "how", "too", "until"):
        drafts.keep(store, pia.id, f"one/{field}", {"text": damaged})
    assert shown(load()) == [["a"], "a", "a", True, "None"]


def test_until_somebody_chooses_the_field_follows_what_is_offered_first(loaded: tuple[Loaded, Store, Person]) -> None:
    load, _, _ = loaded
    at = load()
    assert shown(load(at, first="b"))[:2] == [["b"], "b"]
    at.selectbox(key="arm").set_value("c").run()
    assert shown(load(at, first="ab", arms="cab"))[:3] == [["a", "b"], "c", "c"]


SHOWN_OTHERWISE = {
    "baselines_parts": 1, "conversations_parts": 1, "coverage_parts": 1, "dataset_parts": 5, "evaluate_parts": 1,
    "exemplar_pick": 2, "explore_parts": 3, "history_parts": 3, "home_list": 3, "home_menu": 1, "map_parts": 1,
    "meaning_parts": 1, "pairs_parts": 3, "rows_parts": 1, "side_by_side_parts": 1, "side_effects_parts": 1,
    "taught_parts": 1, "tradeoff_parts": 1, "watch_parts": 2, "where_parts": 1,
}  # fmt: skip
"""So many fields in each module only change what is shown of what there is, or what is taken away of it."""
WITH_A_SELECTION = {"acting_parts": 7}
"""These belong to examples that are selected, and no selection outlives a reload."""
FIELDS = {
    "text_input", "text_area", "number_input", "multiselect", "selectbox", "checkbox", "toggle", "radio", "pills",
    "segmented_control", "date_input", "time_input", "slider", "select_slider", "data_editor",
}  # fmt: skip


def test_every_other_field_keeps_what_it_holds_or_saves_it_at_once() -> None:
    """A field without a draft is one that says so here; one with `on_change` saves, or keeps a draft of its own."""
    found: Counter[str] = Counter()
    for module in Path(draft_fields.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in FIELDS:
                drawn = ast.unparse(node.func.value) == "st" and module.stem not in ("draft_fields", "form_fields")
                found[module.stem] += drawn and all(given.arg != "on_change" for given in node.keywords)
    assert +found == SHOWN_OTHERWISE | WITH_A_SELECTION
