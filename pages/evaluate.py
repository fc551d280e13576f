"""Compare: did it get better, and what did it break? Its records are the outputs and their scores."""

from studio import loop
from studio.ui import access, blocks, compare_views, evaluate_parts, frame

visit = access.open_page("evaluate")
frame.page(visit, "evaluate", "Compare", "Did it get better, by how much, and what did it break?")
blocks.look()
blocks.undo(visit)
brief, dataset = evaluate_parts.records(visit)
if brief is None or dataset is None:
    evaluate_parts.nothing_yet(visit)
else:
    compare_views.show(visit, brief, dataset)
    frame.stale(loop.stale(visit.store, visit.project_id))
