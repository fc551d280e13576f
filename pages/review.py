"""Blind round: which do people prefer, not knowing which is which? Its records are the votes of a registered round."""

from studio.ui import frame, review_parts

visit = review_parts.visit()
frame.page(visit, "review", "Blind round", "Which answer do people prefer, not knowing whose it is?")
review_parts.look()
frame.undo_bar(visit)
review_parts.show(visit)
