"""The entry script: theme, navigation by role, and who is signed in. It runs round every page.

It is not beside `pages/`, on purpose: see docs/decisions/0001-entry-point.md.
"""

from html import escape

import streamlit as st

from studio import paths
from studio.records import Refusal
from studio.ui import access, ahead_parts, frame, guide_route, typed_route
from studio.ui.sign_in import ROLE_WORDS

st.set_page_config(page_title="Yardstick", page_icon=frame.MARK, layout="wide")
frame.stylesheet()
visit = access.here()
pages = [
    st.Page(paths.pages_dir() / f"{name}.py", title=title, url_path=name, default=name == "home")
    for name, title in frame.TITLES.items()
    if visit.person.role in access.PAGE_ROLES[name].see and (paths.pages_dir() / f"{name}.py").is_file()
]
current = st.navigation(pages, expanded=True)
st.logo(frame.MARK, size="large")
with st.sidebar:
    who = f"{escape(visit.person.name)}<span>{ROLE_WORDS[visit.person.role]}</span>"
    back = f"/{current.url_path}?project={visit.project}" if visit.project else f"/{current.url_path}"
    guide = escape(guide_route.address(visit.person.role, back))
    ways = f'<a href="{guide}">Guide</a><a href="/sign-out">Sign out</a>'
    st.html(f'<div class="ys-who"><p>{who}</p>{ways}</div>')
    typed_route.script()
try:
    current.run()
    ahead_parts.charts(visit, current.url_path)
except Refusal as refusal:
    frame.refused(refusal)
