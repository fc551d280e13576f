"""The Decision page's section "How far can this be trusted?", and the certificate to take away. Closed rounds only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from html import escape

import streamlit as st

from studio import signing
from studio.certificate import sum_of
from studio.decision import Ruling
from studio.judgement import Judgement
from studio.records import Choice, Round
from studio.review.gold import rule_of
from studio.review.preference import Agreement, Diagnostics, Robustness
from studio.review.raters import Rater, Reliability
from studio.store import Store
from studio.store import rounds as round_rows
from studio.ui import answers, blocks, rows_parts
from studio.ui.access import Visit
from studio.wording import in_html

_STATES = {True: ("passed", "Fine"), False: ("caution", "Take care"), None: ("unchecked", "Not known")}


_SEE = "See the votes"


@dataclass(frozen=True)
class _Told:
    """A sentence. `rows`: for each link behind it, its text and the parts of the figure's id whose rows it leads to."""

    sentence: str
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Line:
    """One diagnostic: `fine` None when it cannot be told. `more`: further sentences, folded."""

    name: str
    fine: bool | None
    told: _Told
    more: tuple[_Told, ...] = ()


def show(visit: Visit, found: Round, judged: Judgement) -> None:
    """Each diagnostic of the candidate that the ruling speaks of, as a state in words and a sentence."""
    assessed, checked = judged.subject
    names, hardest, arm = signing.names(found), assessed.hardest.baseline, assessed.candidate
    side, dealt = checked.position, checked.assignment
    lines = [
        _agreed(checked.agreement, arm),
        _Line("Left or right", _known(side.decisive, side.p >= 0.01),
              _Told(side.sentence, {_SEE: ("position", arm, "left")})),
        _Line("Dealt by chance", _known(dealt.pairs, not dealt.alarm),
              _Told(dealt.sentence, {_SEE: ("dealt", arm, "left")})),
        _reviewers(judged.raters),
        *_who_voted(checked, hardest, names, arm),
    ]  # fmt: skip
    if checked.guess is not None:
        fine = _known(checked.guess.n, not checked.guess.banner)
        told = _Told(checked.guess.sentence, {"See the guesses": ("guesses", "right")})
        lines.append(_Line("Could reviewers tell?", fine, told))
    blocks.section(
        "How far can this be trusted?",
        "None of this changes the verdict; it may change what you make of it.",
    )
    st.html(f'<ul class="yr-gates">{"".join(_item(visit, line) for line in lines)}</ul>')
    if left := _left_out(visit, found, judged):
        st.html(f'<p class="ys-note ys-measure">{" ".join(_html(visit, each) for each in left)}</p>')


def _known(n: int, fine: bool) -> bool | None:
    return fine if n else None


def _item(visit: Visit, line: _Line) -> str:
    kind, word = _STATES[line.fine]
    more = "".join(f"<li>{_html(visit, each)}</li>" for each in line.more)
    details = f"<details><summary>More</summary><ul>{more}</ul></details>" if more else ""
    return (
        f'<li class="yr-{kind}"><i>{word}</i>'
        f"<div><b>{in_html(line.name)}</b><p>{_html(visit, line.told)}</p>{details}</div></li>"
    )


def _html(visit: Visit, told: _Told) -> str:
    links = ", ".join(rows_parts.link(visit, text, *parts).html for text, parts in told.rows.items())
    return f"{in_html(told.sentence)} {links}"


def _agreed(found: Agreement, arm: str) -> _Line:
    """How far two people agree, in plain words first; then the figures under their Greek and other names."""
    rows = {_SEE: ("agreement", arm, "raw")} if found.prompts else {}
    if found.raw is None or found.alpha_nominal is None:
        return _Line("Agreement", None, _Told(found.sentence, rows))
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
    return _Line("Agreement", luck >= 0.2, _Told(told, rows), (_Told(found.sentence), _Told(scale)))


_CHECKS = {"gold": "gold pairs right", "repeats": "repeated pairs alike", "sentinels": "pairs of one arm alike"}


def _reviewers(found: Reliability) -> _Line:
    fine = False if found.excluded else None if found.untested or not found.raters else True
    more = [_rater(each, n, len(found.raters)) for n, each in enumerate(found.raters, 1)]
    rows = {text: ("raters", kind) for kind, text in (
        ("gold", "See the gold pairs"), ("repeats", "the repeats"), ("sentinels", "the pairs of one arm"),
    ) if found.together(kind).n}  # fmt: skip
    return _Line("Reliable reviewers", fine, _Told(found.sentence, rows), tuple(more))


def _rater(each: Rater, n: int, of: int) -> _Told:
    tallies = {kind: tally for kind, tally in zip(_CHECKS, (each.gold, each.repeats, each.sentinels), strict=True)
               if tally.n}  # fmt: skip
    said = ", ".join(tally.spoken(_CHECKS[kind]) for kind, tally in tallies.items())
    gone = ". Left the count." if each.excluded else "."
    return _Told(f"Reviewer {n} of {of}: {said}{gone}", {kind: ("raters", str(n), kind) for kind in tallies})


def _who_voted(checked: Diagnostics, hardest: str, names: dict[str, str], arm: str) -> list[_Line]:
    """What length had to do with it, how much who voted, and whether the result hangs on one reviewer."""

    def length(each: Robustness) -> bool | None:
        return None if each.length.survives is None else not each.length.lost

    def errors(each: Robustness) -> bool | None:
        found = each.errors
        return None if found.two_way is None else found.larger == found.by_prompt

    def without(each: Robustness) -> bool | None:
        found = each.reviewers
        return not found.turning if len(found.without) > 1 else None

    def told(name: str, fine: Callable[[Robustness], bool | None], say: Callable[[Robustness], _Told]) -> _Line:
        return _over_baselines(name, checked, hardest, names, fine, say)

    return [
        told("Length", length,
             lambda each: _Told(each.length.sentence, {_SEE: ("length", arm, each.baseline, "equal")})),
        told("Who voted", errors,
             lambda each: _Told(each.errors.sentence, {_SEE: ("errors", arm, each.baseline, "larger")})),
        told("Without any one reviewer", without, lambda each: _Told(each.reviewers.sentence, _extremes(each, arm))),
    ]  # fmt: skip


def _extremes(found: Robustness, arm: str) -> dict[str, tuple[str, ...]]:
    """The ways to the votes that give the lowest and the highest share."""
    told = {n: each.theta for n, each in enumerate(found.reviewers.without, 1) if each.theta is not None}
    if len(found.reviewers.without) < 2 or not told:
        return {}
    ends = {
        "See the votes of the lowest": min(told, key=told.__getitem__),
        "the highest": max(told, key=told.__getitem__),
    }
    return {text: ("without", arm, found.baseline, str(n)) for text, n in ends.items()}


def _over_baselines(
    name: str, checked: Diagnostics, hardest: str, names: dict[str, str],
    fine: Callable[[Robustness], bool | None], say: Callable[[Robustness], _Told],
) -> _Line:  # fmt: skip
    """The baseline that asks for care first, else the hardest; the others folded under it."""
    ordered = sorted(checked.against, key=lambda each: (fine(each) is not False, each.baseline != hardest))
    told = [say(each) for each in ordered]
    if len(ordered) > 1:
        told = [replace(text, sentence=f"Against {names[each.baseline]}: {text.sentence}")
                for each, text in zip(ordered, told, strict=True)]  # fmt: skip
    return _Line(name, fine(ordered[0]), told[0], tuple(told[1:]))


def _left_out(visit: Visit, found: Round, judged: Judgement) -> list[_Told]:
    votes = round_rows.votes(visit.store, found.id)
    skips, outside = sum(v.choice is Choice.skip for v in votes), sum(bool(v.conflict) for v in votes)
    told = []
    if skips:
        assessed = judged.subject[0]
        most = max(assessed.against, key=lambda each: len(each.scored.excluded))
        text = f"{blocks.several(skips, 'vote')} were skips; {assessed.excluded} prompts left the round by them."
        left = {"those of prompts that left": ("excluded", assessed.candidate, most.baseline)}
        told.append(_Told(text, {"See the skips": ("votes", "skips"), **(left if assessed.excluded else {})}))
    if outside and not judged.ruling.practice:
        text = f"{blocks.several(outside, 'vote')} stayed outside the count: their voters were not independent."
        told.append(_Told(text, {_SEE: ("votes", "outside")}))
    if gone := {rater.reviewer for rater in judged.raters.raters if rater.excluded}:
        lost, rule = sum(v.reviewer in gone for v in votes), rule_of(found.registration)
        text = f"{blocks.several(lost, 'vote')} left the count by the registered rule: {rule.sentence}"
        told.append(_Told(text, {_SEE: ("votes", "left")}))
    return told


# -- the certificate -------------------------------------------------------------------------------


def certificate(visit: Visit, found: Round, ruled: Ruling) -> None:
    """The one file with which anybody comes to this verdict again, and the sum to know it by."""
    blocks.section(
        "A certificate to take away",
        "One file with the registration, the seed of the sides, every vote and the verdict. Anybody can run it again "
        "with “studio verify”, without this studio; a changed byte is found. It names no reviewer, and "
        f"prompts and answers stand in it as hashes. {answers.PRICE}",
    )
    file = answers.telling(visit, found.registration["dataset"], _certificate(visit.store, found))
    st.download_button(
        "Download the certificate", file, signing.certificate_name(found, ruled), "application/json",
        key="decision-certificate", icon=":material/download:", on_click="ignore",
        help="Canonical JSON. “studio export certificate --format json-texts” writes one with every text in it.",
    )  # fmt: skip
    opened = st.expander("Its checksum (SHA-256)", key="decision-certificate-sum", on_change="rerun")
    if opened.open:
        with opened:
            st.html(f'<p class="yr-hash">{escape(sum_of(_certificate(visit.store, found)()))}</p>')


def _certificate(store: Store, found: Round) -> Callable[[], bytes]:
    """Its bytes, made when somebody asks for them: it is many times as long as the page."""
    return lambda: store.once(("certificate", found.id, store.head), lambda: signing.certificate_of(store, found))
