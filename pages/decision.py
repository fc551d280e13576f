"""Decision: ship it? Its record is a signed decision with its reasons."""

from studio.ui import (
    access,
    amend_parts,
    answers,
    discussion_parts,
    earlier_parts,
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
shown = earlier_parts.chosen(visit)
frame.page(visit, "decision", "Decision", "Ship it?", onward=shown is None or shown.round.state != "closed")
review_parts.look()
frame.undo_bar(visit)
earlier_parts.put_right(shown)
if shown is None:
    verdict_parts.nothing_yet(visit)
elif shown.round.state == "open":
    found = shown.round
    earlier_parts.head(visit, shown, {})
    verdict_parts.waiting(visit, found)
    amend_parts.shown(visit, found)
    discussion_parts.earlier(visit, found)
    share_parts.links(visit, found)
    signing_parts.signed(visit)
    if not answers.held_back(visit):
        history_parts.show(visit, {})
elif answers.held_back(visit):  # its arms may stand in the open round, also where that was opened before it
    earlier_parts.head(visit, shown, {})
    answers.come_back_later(visit)
else:
    found, newest = shown.round, shown.newest
    rows_parts.instead(visit, found)
    ruled, assessed = verdict_parts.ruling(visit, found)
    labels = verdict_parts.labels(ruled)
    earlier_parts.head(visit, shown, {found.id: ruled})
    verdict_parts.could_tell(visit, found)
    verdict_parts.verdict(visit, found, ruled, newest=newest)
    verdict_parts.gates(visit, found, ruled)
    if newest:
        second_look_parts.look(visit, found)
    amend_parts.shown(visit, found)
    verdict_parts.evidence(visit, found, ruled, assessed)
    reveal_parts.why(visit, found, ruled)
    return_parts.show(visit, found, assessed, labels, set_prices=newest)
    tradeoff_parts.show(visit, found, verdict_parts.judged(visit, found).assessments, labels)
    if newest:
        signing_parts.sign(visit, found, ruled)
    signing_parts.signed(visit, "" if newest else found.id)
    if newest:
        history_parts.show(visit, {found.id: ruled})
    discussion_parts.show(visit, found)
    if newest:
        discussion_parts.earlier(visit, found)
    papers_parts.papers(visit, found, newest=newest)
    if newest:
        share_parts.links(visit, found)
    rows_parts.take_away(visit, found, labels)
    trust_parts.certificate(visit, found, ruled)
    pairs_parts.pairs(visit, found, ruled, to_train=newest)
