"""Decision: ship it? Its record is a signed decision with its reasons."""

from studio import signing
from studio.ui import (
    access,
    amend_parts,
    discussion_parts,
    frame,
    history_parts,
    pairs_parts,
    papers_parts,
    return_parts,
    reveal_parts,
    review_parts,
    rows_parts,
    second_look_parts,
    share_parts,
    signing_parts,
    tradeoff_parts,
    trust_parts,
    verdict_parts,
)

visit = access.open_page("decision")
found = signing.latest_round(visit.store, visit.project_id)
frame.page(visit, "decision", "Decision", "Ship it?", onward=found is None or found.state != "closed")
review_parts.look()
frame.undo_bar(visit)
rows_parts.instead(visit, found)
if found is None:
    verdict_parts.nothing_yet(visit)
elif found.state == "open":
    verdict_parts.waiting(visit, found)
    amend_parts.shown(visit, found)
    discussion_parts.earlier(visit, found)
    share_parts.links(visit, found)
else:
    ruled, assessed = verdict_parts.ruling(visit, found)
    labels = verdict_parts.labels(ruled)
    verdict_parts.could_tell(visit, found)
    verdict_parts.verdict(visit, found, ruled)
    verdict_parts.gates(visit, found, ruled)
    second_look_parts.look(visit, found)
    amend_parts.shown(visit, found)
    verdict_parts.evidence(visit, found, ruled, assessed)
    reveal_parts.why(visit, found, ruled)
    return_parts.show(visit, found, assessed, labels)
    tradeoff_parts.show(visit, found, verdict_parts.judged(visit, found).assessments, labels)
    signing_parts.sign(visit, found, ruled)
signing_parts.signed(visit)
history_parts.show(visit, verdict_parts.ruled(visit, found))
if found is not None and found.state == "closed":
    discussion_parts.show(visit, found)
    papers_parts.papers(visit)
    share_parts.links(visit, found)
    rows_parts.take_away(visit, found, labels)
    trust_parts.certificate(visit, found, ruled)
    pairs_parts.pairs(visit, found, ruled)
