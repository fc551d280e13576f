"""Examples: what it should say here."""

from studio.ui import access, examples_parts, frame, prose

visit = access.open_page("examples")
prose.look()
frame.page(visit, "examples", "Examples", "What should it say here?")
examples_parts.show(visit)
