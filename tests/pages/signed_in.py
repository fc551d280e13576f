"""Pages run by Streamlit's AppTest through the entry script, for a person who is signed in. One call per person."""

from __future__ import annotations

import functools
from pathlib import Path

from streamlit import config
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from studio import people
from studio.records import Person, Role, sha256
from studio.store import Store
from studio.ui import keys, server

# Each AppTest reads the description of every installed package; what is installed stays so while tests run.
manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)


def person(store: Store, name: str, role: Role) -> tuple[Person, str]:
    """Joins by an invitation; the person and the session's hash, as the guard puts it into the header."""
    token = people.make_invitation(store, people.SYSTEM, name, role)
    signed_in = people.join(store, token, "")
    return signed_in.person, sha256(signed_in.session)


def opened(store: Store, session: str, page: str, **query: str) -> AppTest:
    """The page as its first visit shows it. Raises AssertionError when the page raised or this person is not let in."""
    server.configure()
    # AppTest itself keeps format functions in the session state; the browser tests run with the check on.
    config.set_option("runner.enforceSerializableSessionState", False)
    server.use(store)
    at = AppTest.from_file(str(Path(server.__file__).parent / "app.py"), default_timeout=60)
    at.user = {"session": session}
    if page != "home":
        at.switch_page(str(Path(server.__file__).parents[2] / "pages" / f"{page}.py"))
    for name, value in query.items():
        at.query_params[name.replace("_", "-")] = value
    sound(at.run())
    reached = at.session_state[keys.OPENED][0] if keys.OPENED in at.session_state else ""
    assert reached in (page, ""), f"Could not find page {page!r}: {reached!r} stands there"
    return at


def sound(at: AppTest) -> AppTest:
    assert not at.exception, at.exception[0].message
    return at


def press(at: AppTest, key: str) -> AppTest:
    return sound(at.button(key=key).click().run())


def with_menu(at: AppTest, project: str) -> AppTest:
    """The first page with the menu of a project open."""
    at.session_state[f"{keys.MORE}-{project}"] = True
    return sound(at.run())


def words(at: AppTest) -> str:
    """Everything the page says in HTML, in one text; a space at which no line ends is one like any other."""
    told = "\n".join(body for e in at.get("html") if not (body := e.proto.body).startswith("<style"))
    return told.replace("\N{NO-BREAK SPACE}", " ")
