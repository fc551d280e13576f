"""The Decision page's section "How far can this be trusted?", and the certificate to take away. Closed rounds only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import streamlit as st

from studio import signing
from studio.certificate import sum_of
from studio.decision import Ruling
from studio.judgement import Judgement
from studio.records import Choice, Round
from studio.review.gold import rule_of
from studio.review.preference import Agreement, Diagnostics, Robustness
from studio.review.raters import Reliability
from studio.store import Store
from studio.store import rounds as round_rows
from studio.ui import blocks
from studio.ui.access import Visit

_STATES = {True: ("passed", "Fine"), False: ("caution", "Take care"), None: ("unchecked", "Not known")}


@dataclass(frozen=True)
class _Line:
    """One diagnostic: `fine` None when it cannot be told. `more`: further sentences, folded."""

    name: str
    fine: bool | None
    sentence: str
    more: tuple[str, ...] = ()


def show(visit: Visit, found: Round, judged: Judgement) -> None:
    """Each diagnostic of the candidate that the ruling speaks of, as a state in words and a sentence."""
    assessed, checked = judged.subject
    names, hardest = signing.names(found), assessed.hardest.baseline
    side, dealt = checked.position, checked.assignment
    lines = [
        _agreed(checked.agreement),
        _Line("Left or right", _known(side.decisive, side.p >= 0.01), side.sentence),
        _Line("Dealt by chance", _known(dealt.pairs, not dealt.alarm), dealt.sentence),
        _reviewers(judged.raters),
        _length(checked, hardest, names),
        *_who_voted(checked, hardest, names),
    ]  # fmt: skip
    if checked.guess is not None:
        fine = _known(checked.guess.n, not checked.guess.banner)
        lines.append(_Line("Could reviewers tell?", fine, checked.guess.sentence))
    blocks.section(
        "How far can this be trusted?",
        "None of this changes the verdict; it may change what you make of it.",
    )
    st.html(f'<ul class="yr-gates">{"".join(map(_item, lines))}</ul>')
    if told := _left_out(visit, found, judged):
        blocks.note(" ".join(told))


def _known(n: int, fine: bool) -> bool | None:
    return fine if n else None


def _item(line: _Line) -> str:
    kind, word = _STATES[line.fine]
    more = "".join(f"<li>{escape(each)}</li>" for each in line.more)
    details = f"<details><summary>More</summary><ul>{more}</ul></details>" if more else ""
    return (
        f'<li class="yr-{kind}"><i>{word}</i>'
        f"<div><b>{escape(line.name)}</b><p>{escape(line.sentence)}</p>{details}</div></li>"
    )


def _agreed(found: Agreement) -> _Line:
    """How far two people agree, in plain words first; then the figures under their Greek and other names."""
    if found.raw is None or found.alpha_nominal is None:
        return _Line("Agreement", None, found.sentence)
    luck = found.alpha_nominal if found.ac1 is None else found.ac1
    much = "clearly more" if luck >= 0.6 else "somewhat more" if luck >= 0.2 else "hardly more"
    told = (
        f"Two people who saw the same pair mostly {'agreed' if found.raw >= 0.5 else 'disagreed'}; that is {much} "
        "agreement than luck alone would give."
    )
    scale = (
        "1 means full agreement and 0 what luck would give: alpha counts every difference alike, ordinal counts a near "
        "miss as less, AC1 holds up when one answer dominates."
    )
    return _Line("Agreement", luck >= 0.2, told, (found.sentence, scale))


def _reviewers(found: Reliability) -> _Line:
    fine = None if not found.raters else not found.excluded
    more = [
        f"Reviewer {n} of {len(found.raters)}: "
        + ", ".join(
            tally.spoken(what)
            for tally, what in (
                (each.gold, "gold pairs right"), (each.repeats, "repeated pairs alike"),
                (each.sentinels, "pairs of one arm alike"),
            )
            if tally.n
        )
        + (". Left the count." if each.excluded else ".")
        for n, each in enumerate(found.raters, 1)
    ]  # fmt: skip
    return _Line("Reliable reviewers", fine, found.sentence, tuple(more))


def _length(checked: Diagnostics, hardest: str, names: dict[str, str]) -> _Line:
    def fine(each: Robustness) -> bool | None:
        return None if each.length.survives is None else not each.length.lost

    return _over_baselines("Length", checked, hardest, names, fine, lambda each: each.length.sentence)


def _who_voted(checked: Diagnostics, hardest: str, names: dict[str, str]) -> list[_Line]:
    def errors(each: Robustness) -> bool | None:
        found = each.errors
        return None if found.two_way is None else found.larger == found.by_prompt

    def without(each: Robustness) -> bool | None:
        found = each.reviewers
        return not found.turning if len(found.without) > 1 else None

    told = (checked, hardest, names)
    return [
        _over_baselines("Who voted", *told, errors, lambda each: each.errors.sentence),
        _over_baselines("Without any one reviewer", *told, without, lambda each: each.reviewers.sentence),
    ]


def _over_baselines(
    name: str, checked: Diagnostics, hardest: str, names: dict[str, str],
    fine: Callable[[Robustness], bool | None], sentence: Callable[[Robustness], str],
) -> _Line:  # fmt: skip
    """The baseline that asks for care first, else the hardest; the others folded under it."""
    ordered = sorted(checked.against, key=lambda each: (fine(each) is not False, each.baseline != hardest))
    told = [sentence(each) for each in ordered]
    if len(ordered) > 1:
        told = [f"Against {names[each.baseline]}: {text}" for each, text in zip(ordered, told, strict=True)]
    return _Line(name, fine(ordered[0]), told[0], tuple(told[1:]))


def _left_out(visit: Visit, found: Round, judged: Judgement) -> list[str]:
    votes = round_rows.votes(visit.store, found.id)
    skips, outside = sum(v.choice is Choice.skip for v in votes), sum(bool(v.conflict) for v in votes)
    told = []
    if skips:
        excluded = judged.subject[0].excluded
        told.append(f"{blocks.several(skips, 'vote')} were skips; {excluded} prompts left the round by them.")
    if outside and not judged.ruling.practice:
        told.append(f"{blocks.several(outside, 'vote')} stayed outside the count: their voters were not independent.")
    if gone := {rater.reviewer for rater in judged.raters.raters if rater.excluded}:
        lost, rule = sum(v.reviewer in gone for v in votes), rule_of(found.registration)
        told.append(f"{blocks.several(lost, 'vote')} left the count by the registered rule: {rule.sentence}")
    return told


# -- the certificate -------------------------------------------------------------------------------


def certificate(visit: Visit, found: Round, ruled: Ruling) -> None:
    """The one file with which anybody comes to this verdict again, and the sum to know it by."""
    blocks.section(
        "A certificate to take away",
        "One file with the registration, the seed of the sides, every vote and the verdict. Anybody can run it again "
        "with “studio verify”, without this studio; a changed byte is found. It names no reviewer, and "
        "prompts and answers stand in it as hashes.",
    )
    marks = [word for word, told in (("scripted", ruled.scripted), ("practice", ruled.practice)) if told]
    name = "-".join(["certificate", *marks, found.id]) + ".json"
    st.download_button(
        "Download the certificate", _certificate(visit.store, found), name, "application/json",
        key="decision-certificate", icon=":material/download:", on_click="ignore",
        help="Canonical JSON. “studio export certificate --format json-texts” writes one with every text in it.",
    )  # fmt: skip
    opened = st.expander("The sum that it is known by", key="decision-certificate-sum", on_change="rerun")
    if opened.open:
        with opened:
            st.html(f'<p class="yr-hash">{escape(sum_of(_certificate(visit.store, found)()))}</p>')


def _certificate(store: Store, found: Round) -> Callable[[], bytes]:
    """Its bytes, made when somebody asks for them: it is many times as long as the page."""
    return lambda: store.once(("certificate", found.id), lambda: signing.certificate_of(store, found))
