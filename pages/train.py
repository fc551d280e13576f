"""Train: teach the model from the frozen set. Its record is a run, and the tuned arm that comes of it."""

from studio import loop
from studio.ui import access, blocks, frame, train_parts, train_views

visit = access.open_page("train")
frame.page(visit, "train", "Train", "Teach the model your answers, and watch it learn.")
blocks.look()
blocks.undo(visit)
sets, going_on = train_parts.records(visit)
train_parts.going_on(visit, going_on)
train_views.show(visit, sets)
frame.stale(loop.stale(visit.store, visit.project_id))
