"""Two sheets of paper for a steering meeting, A4 or Letter: what the round says, why, what a GO needs, and by what to
check it. One HTML page of its own, which a browser prints.

Texts that are too long for the paper are shortened with "…", never cut off by its edge; the Decision page and the other
papers have them whole. It does not promise to fit any other paper.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from studio import papers
from studio.decision import Gate, GateState
from studio.papers import About, Trial
from studio.records import Refusal
from studio.reports import evidence
from studio.reports.drawing import Dot, dots
from studio.review.assessment import Assessment, SliceFinding, SliceState
from studio.review.evidence import Interval
from studio.wording import between, day, in_html, several

_FULL = 2_500
"""The weight of a sheet (see `_weight`) that surely fits its paper in small letters."""
_ROOMY = 1_750
"""Below this weight of the fuller sheet (see `_weight`) both are set in larger letters."""
_STYLE = Path(__file__).parent / "print.css"
_BASELINES, _SLICES, _BESIDE, _PASSED = 4, 7, 3, 18
_SHAPES = {SliceState.cleared: "full", SliceState.regressed: "diamond", SliceState.not_enough_votes: "hollow"}
_MARKS = {GateState.passed: "✓", GateState.failed: "✗", GateState.open: "○", GateState.unchecked: "○"}


def written(about: About, over: str = "", more: str = "") -> str:
    """The page. `over`, `more`: HTML that stands above the first sheet, and sheets behind the second. Raises Refusal
    while no round with this arm has closed: there is no verdict to print."""
    trial, assessed = about.trial, about.assessed
    if trial is None or assessed is None:
        raise Refusal("There is no closed round here, so there is no verdict to print. Nothing was written.")
    title = f"{about.name}: the decision in two pages"
    sheets = (
        _fitting(lambda ease: _first(about, trial, assessed, ease)), _fitting(lambda ease: _second(about, trial, ease)),
    )  # fmt: skip
    roomy = ' class="roomy"' if max(map(_weight, sheets)) < _ROOMY else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE.read_text(encoding='utf-8')}</style></head><body>{over}"
        '<aside class="screen" aria-label="How to print">Two pages for a meeting. Print them with '
        "<kbd>Ctrl</kbd> <kbd>P</kbd> (on a Mac, <kbd>⌘</kbd> <kbd>P</kbd>), on A4 or Letter.</aside>"
        f'<main{roomy}><section class="sheet">{sheets[0]}</section><section class="sheet">{sheets[1]}</section>{more}'
        "</main></body></html>"
    )


def _fitting(sheet: Callable[[int], str]) -> str:
    """A sheet with its texts twice as long where it still holds them, else as long as any sheet can hold."""
    wide = sheet(2)
    return wide if _weight(wide) < _FULL else sheet(1)


def _weight(body: str) -> int:
    """About how much of a sheet is taken, in letters: an item and a line of a drawing take more than their letters."""
    letters = len(re.sub(r'<svg.*?</svg></div><ul class="small">.*?</ul>|<[^>]+>', "", body))
    return letters + 20 * body.count("<li>") + 40 * body.count('class="told"')


# -- the first sheet: the verdict ------------------------------------------------------------------


def _first(about: About, trial: Trial, assessed: Assessment, ease: int) -> str:
    ruled = trial.ruling
    return "".join((
        _head(about, trial, "1 of 2"),
        f'<p class="word {ruled.verdict.value.lower()}">{in_html(ruled.in_words.capitalize())}</p>',
        f"<h1>{in_html(_short(ruled.headline, 170))}</h1>",
        _facts(_glance(trial)),
        _part("Why", _list(ruled.because[:3], ease * 530)),
        _part("Which do people prefer?", _preferred(trial, assessed)),
        _part("What would change it", _list(ruled.would_change[:2], ease * 270)),
        _part("What it costs", _list(about.cost[:1] or ("Not measured.",), ease * 270)),
        _part("Signed", _signed(about, trial, ease)),
    ))  # fmt: skip


def _head(about: About, trial: Trial, place: str) -> str:
    marks = "".join(f"<b>{in_html(label)}</b>" for label in about.labels)
    earlier, when = trial.earlier.partition(":")[0], day(trial.round.at)
    said = f"<b>{in_html(earlier)}</b>, {when}" if earlier else f"Round of {when}"
    name = _short(about.name, 60 - 30 * bool(about.labels) - 15 * bool(earlier))
    return (
        f'<header><span>{in_html(name)}</span><span class="marks">{marks}</span>'
        f"<span>{said} · page {place}</span></header>"
    )


def _glance(trial: Trial) -> list[tuple[str, str]]:
    ruled = trial.ruling
    weakest = next((gate for gate in ruled.gates if gate.name == ruled.weakest), None)
    told = [("To ship", _short(trial.to_ship, 90))]
    if weakest:
        figure = papers.rests_on(trial.judged.subject[0], trial.names, weakest.name)
        told.append(("Weakest gate", f"{_short(weakest.title, 90)} ({evidence.STATES[weakest.state]}){figure}"))
    return told


def _preferred(trial: Trial, assessed: Assessment) -> str:
    rows = [
        Dot(
            _short(trial.names[a.baseline], 25), a.theta, a.interval.low, a.interval.high,
            f"{_figure(a.theta, a.interval)}, n = {a.n:,}",
        )
        for a in assessed.against[:_BASELINES]
    ]  # fmt: skip
    said = "; ".join(f"{row.label}: {row.told}" for row in rows)
    more = len(assessed.against) - _BASELINES
    name = _short(trial.names[assessed.candidate], 60)
    note = (
        f"How often people preferred {name} to each of these, each prompt counting once and a tie as half (theta), "
        "with its 95 % interval; n counts prompts."
    )
    note += f" {several(more, 'more baseline')} on the Decision page." if more > 0 else ""
    return dots(rows, assessed.theta_min, said) + f'<p class="note">{in_html(note)}</p>'


def _signed(about: About, trial: Trial, ease: int) -> str:
    if trial.decision is not None:
        return _list([evidence.signed(trial, about)], ease * 600)
    if trial.earlier:
        return '<p class="note">No signature stands on this round.</p>'
    blank = "".join(f"<span>{each}</span>" for each in ("Name", "Role", "Date and signature"))
    return f'<p class="note">Nobody has signed a decision on this round yet.</p><p class="blank">{blank}</p>'


# -- the second sheet: what it rests on ------------------------------------------------------------


def _second(about: About, trial: Trial, ease: int) -> str:
    gates = [gate for gate in trial.ruling.gates if not gate.is_slice]
    return "".join((
        _head(about, trial, "2 of 2"),
        _part("What a GO needs", _gates(gates, ease)),
        _part("On each kind of input", _sliced(about)),
        _part("Known limits", _list((about.notes.limits or "Not written yet.", *evidence.LIMITS), ease * 800)),
        _part("Whom to ask", _facts([
            (title, _short(text, ease * 90) or "Not written yet.") for title, text in (
                ("Owner", about.notes.owner), ("Engineer", about.notes.engineer),
                ("When it does harm", about.notes.escalation),
            )
        ])),
        _part("By what to check it", _facts(_identity(about, trial))),
    ))  # fmt: skip


def _gates(gates: Sequence[Gate], ease: int) -> str:
    beside = [gate for gate in gates if gate.state is not GateState.passed]
    passed = [gate for gate in gates if gate.state is GateState.passed]
    told = "".join(
        f"<li>{_mark(gate)}<div><b>{in_html(_short(gate.title, 50))}</b> ({evidence.STATES[gate.state]}). "
        f"{in_html(_short(gate.sentence, ease * 120))}</div></li>"
        for gate in beside[:_BESIDE]
    )
    rest = beside[_BESIDE:]
    told += f"<li><i>○</i><div>And not passed either: {_names(rest, 160)}.</div></li>" if rest else ""
    names = "".join(f"<li>{_mark(gate)}<div>{in_html(_short(gate.title, 30))}</div></li>" for gate in passed[:_PASSED])
    more = len(passed) - _PASSED
    names += f"<li><i>✓</i><div>and {more:,} more</div></li>" if more > 0 else ""
    return (
        f'<p class="note">{len(passed)} of {several(len(gates), "gate")} are passed.</p>'
        f'<ul class="gates">{told}</ul><ul class="gates two">{names}</ul>'
    )


def _mark(gate: Gate) -> str:
    state = gate.state
    return f'<i class="{state.value}" role="img" aria-label="{evidence.STATES[state]}">{_MARKS[state]}</i>'


def _names(gates: Sequence[Gate], most: int) -> str:
    return in_html(_short(", ".join(gate.title for gate in gates), most))


def _sliced(about: About) -> str:
    """Each kind of input once, against the baseline over which it stands worst."""
    found = sorted((each for _, each in evidence.every_slice(about)), key=_urgency)
    worst = sorted({each.name: each for each in reversed(found)}.values(), key=_urgency)
    if not worst:
        return '<p class="note">The brief names no kinds of input (slices).</p>'
    rows = [
        Dot(
            _short(evidence.slice_name(each), 24), each.theta, each.interval.low, each.interval.high,
            f"{_figure(each.theta, each.interval)}, n = {each.n:,}, {evidence.SLICE_STATES[each.state]}"
            if each.theta is not None else "no prompts", _SHAPES[each.state],
        )
        for each in worst[:_SLICES]
    ]  # fmt: skip
    said = "; ".join(f"{row.label}: {row.told}" for row in rows)
    note = "Diamond: got worse. Hollow: too few votes to tell, which is not “fine”."
    note += " Each where it stands worst." if len(found) > len(worst) else ""
    more = len(worst) - _SLICES
    note += f" {several(more, 'more kind', 'more kinds')} on the Decision page." if more > 0 else ""
    return dots(rows, 0.5, said) + f'<p class="note">{note}</p>'


_ORDER = (SliceState.regressed, SliceState.not_enough_votes, SliceState.cleared)


def _urgency(found: SliceFinding) -> tuple[int, bool, float]:
    return _ORDER.index(found.state), not found.critical, found.theta if found.theta is not None else 1.0


def _identity(about: About, trial: Trial) -> list[tuple[str, str]]:
    told = [
        ("Registration, SHA-256", trial.round.sha256), ("Journal head", about.head),
        ("Certificate", f"{trial.certificate} (run it again with “studio verify”)"),
        ("Brief", f"version {trial.round.registration['brief_version']}"),
    ]  # fmt: skip
    if about.passport is not None:
        told.append(("Weights, SHA-256", about.passport.adapter_sha256 or "none"))
    return told


# -- pieces ----------------------------------------------------------------------------------------


def _part(title: str, body: str) -> str:
    return f"<h2>{in_html(title)}</h2>{body}"


def _list(sentences: Sequence[str], room: int) -> str:
    """`room`: characters for all of them together, so that few may be longer than many."""
    most = room // max(1, len(sentences))
    return f"<ul>{''.join(f'<li>{in_html(_short(each, most))}</li>' for each in sentences)}</ul>"


def _facts(told: Sequence[tuple[str, str]]) -> str:
    return f"<dl>{''.join(f'<dt>{in_html(k)}</dt><dd>{in_html(v)}</dd>' for k, v in told)}</dl>"


def _figure(theta: float | None, found: Interval) -> str:
    return f"{evidence.share(theta)} ({between((found.low, found.high))})"


def _short(text: str, most: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else f"{flat[: most - 1].rstrip()}…"
