"""Train: teach the model from the frozen set. Its record is a run, and the tuned arm that comes of it."""

from studio import loop
from studio.ui import (
    access,
    blocks,
    elsewhere_parts,
    frame,
    model_parts,
    preflight_parts,
    side_by_side_parts,
    train_parts,
    vote_training_parts,
)

visit = access.open_page("train")
frame.page(visit, "train", "Train", "Teach the model your answers, and watch it learn.")
blocks.look()
blocks.undo(visit)
sets, going_on = train_parts.records(visit)
train_parts.going_on(visit, going_on)
if not sets:
    train_parts.no_set(visit)
elif model_parts.models_here(visit) and not preflight_parts.show(visit):
    train_parts.start_form(visit, sets)
    vote_training_parts.show(visit)
elsewhere_parts.register(visit, sets)
side_by_side_parts.show(visit)
train_parts.finished(visit)
frame.stale(loop.stale(visit.store, visit.project_id))
