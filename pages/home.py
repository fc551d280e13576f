"""The first page: what there is, where it stands, and the one next thing."""

import dataclasses

from studio.records import Role
from studio.ui import access, frame, home_parts, prose

visit = access.open_page("home", needs_project=False)
home_parts.follow()
prose.look()
TITLE, QUESTION = ("Projects", "What are you teaching a model, and where does it stand?")
if visit.person.role is Role.reviewer:
    TITLE, QUESTION = ("Your reviews", "What is waiting for your eyes?")
frame.page(dataclasses.replace(visit, project=None), "home", TITLE, QUESTION)
home_parts.show(visit)
