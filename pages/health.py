"""Check and freeze: is this set fit to learn from? Its record is a frozen dataset."""

from studio import loop
from studio.ui import access, blocks, frame, health_parts

visit = access.open_page("health")
frame.page(visit, "health", "Check and freeze", "Is this set fit to learn from, and shall we keep it exactly as it is?")
blocks.look()
blocks.undo(visit)
checked = health_parts.check(visit)
if checked is not None:
    health_parts.score_card(visit, checked)
    if checked.set is not None and checked.fresh:
        health_parts.splits(checked.set)
        health_parts.freeze_form(visit, checked)
health_parts.frozen_sets(visit)
frame.stale(loop.stale(visit.store, visit.project_id))
