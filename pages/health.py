"""Check and freeze: is this set fit to learn from? Its record is a frozen dataset."""

from studio import loop
from studio.ui import access, blocks, frame, health_parts, health_views

visit = access.open_page("health")
frame.page(visit, "health", "Check and freeze", "Is this set fit to learn from, and shall we keep it exactly as it is?")
blocks.look()
blocks.undo(visit)
health_views.show(visit, health_parts.check(visit))
frame.stale(loop.stale(visit.store, visit.project_id))
