"""A pre-flight, and an estimate beside what came of it, in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from studio.models import Machine, entry
from studio.store.prices import Price
from studio.train.forecast import Compared, LeftOut
from studio.train.preflight import Report
from studio.train.settings import title
from studio.wording import duration, gigabytes, percent

_BUSY = 0.5  # programs a core, from which on other work is worth a word
_GIVEN = 5  # earlier estimates that are looked back on


def asked(report: Report) -> str:
    """What was measured: the set, the preset, the model."""
    secrets = " Secrets are planted in it, so what comes of it is not for release." if report.settings.canaries else ""
    return f"“{title(report.settings.preset)}” on {report.dataset.name}, from {entry(report.model).title}.{secrets}"


def headline(report: Report) -> str:
    """The one sentence: time, memory, rows."""
    measured = report.measured
    sooner = ", or sooner if it stops getting closer" if report.settings.patience else ""
    return (
        f"It would learn from {measured.rows:,} {_unit(report)}{'' if measured.rows == 1 else 's'} in about "
        f"{duration(measured.seconds)}{sooner}, with {_memory_used(report)}."
    )


def _unit(report: Report) -> str:
    return "pair" if report.settings.beta else "example"


def _memory_used(report: Report) -> str:
    measured = report.measured
    if measured.card_memory_mb:
        return f"{gigabytes(measured.card_memory_mb)} of the graphics card's memory"
    return f"{gigabytes(measured.peak_memory_mb)} of memory"


def figures(
    report: Report, ends: str, machine: Machine, price: Price | None, earlier: Sequence[Compared], *, here: bool = True
) -> list[tuple[str, str]]:
    """Rows of a table: what, and what was measured. `ends`: the time of the day at which it would be done; `here`: it
    was measured on this `machine`."""
    m = report.measured
    share = percent(m.learned_tokens / m.tokens) if m.tokens else "none"
    looks = f"{m.evaluations:,} look{'' if m.evaluations == 1 else 's'} at how it does"
    time = (
        f"{duration(m.seconds)}; started now, done at about {ends}. {m.steps:,} steps of {_pace(m.step_seconds)} "
        f"({m.timed_steps:,} of them timed), {looks}, {duration(m.evaluation_seconds)} each, and "
        f"{duration(m.fixed_seconds)} to load and end"
    )
    if m.busy >= _BUSY:
        time += ". Other programs were at work on this machine while it was measured: if they end, it goes quicker"
    rows = [("Time", time), ("Memory", _at_most(m.peak_memory_mb, machine.memory_gb if here else None))]
    if m.card_memory_mb:
        card = _at_most(m.card_memory_mb, machine.gpu_memory_gb if here else None)
        rows.append(("Memory of the graphics card", card))
    return [
        *rows,
        ("Cost", cost(m.seconds, price)),
        (f"{_unit(report).capitalize()}s", f"{m.rows:,} to learn from, {m.validation_rows:,} to be measured on"),
        ("Text", f"{m.tokens:,} tokens (word pieces) a pass, {share} of them learned; {_longest(report)}"),
        ("Disk", f"{m.disk_mb:,.0f} MB for checkpoints, of {machine.disk_free_gb:,.0f} GB free"),
        ("How good such estimates were here", accuracy(earlier)),
    ]  # fmt: skip


def _longest(report: Report) -> str:
    most, fit = report.measured.longest, report.settings.max_length
    if report.settings.beta:
        return f"the longest pair has {most:,}, its prompt counted twice; {fit:,} fit for each of its two answers"
    return f"the longest example has {most:,} of the {fit:,} that fit"


def _at_most(mebibytes: float, has: float | None) -> str:
    """`has`: GB of the machine that it was measured on, where that is known."""
    return f"{gigabytes(mebibytes)} at most, {f'of {has:.0f} GB' if has is not None else 'measured on the cluster'}"


def cost(seconds: float, price: Price | None) -> str:
    """What a run of so many seconds costs."""
    hours = seconds / 3600
    if price is None:
        return f"{hours:.2f} hours of this machine; nobody has set a price for them yet"
    return f"{price.currency} {hours * price.an_hour:,.2f} ({hours:.2f} hours at {price.currency} {price.an_hour:,.2f})"


def accuracy(earlier: Sequence[Compared]) -> str:
    """How far the newest estimates of this project were off, the worst of them."""
    looked = list(earlier)[:_GIVEN]
    if not looked:
        return "not known yet: no measured training has ended in this project"
    time, memory = (
        max(abs(off) for off in part) for part in zip(*((c.time_off, c.memory_off) for c in looked), strict=True)
    )
    last = "the last one was" if len(looked) == 1 else f"the last {len(looked)} were at most"
    return f"{last} {percent(time)} off in time and {percent(memory)} in memory"


def came_out(found: Compared) -> str:
    """An estimate beside what came of it, in a sentence."""
    return (
        f"Estimated {duration(found.estimated_seconds)} and {gigabytes(found.estimated_mb)}; it took "
        f"{duration(found.seconds)} ({_off(found.time_off, 'longer', 'shorter')}) and {gigabytes(found.mb)} "
        f"({_off(found.memory_off, 'more', 'less')})."
    )


def left_out(rows: Sequence[LeftOut]) -> str:
    """How many rows would not be learned from, and why, in a sentence or two."""
    long = sum(bool(row.beyond) for row in rows)
    whole, why = ("1 example", "it") if len(rows) == 1 else (f"{len(rows):,} examples", "they")
    if long == len(rows):
        because = f"{why} {'is' if long == 1 else 'are'} too long for these settings"
    elif not long:
        because = f"{why} {'has' if len(rows) == 1 else 'have'} an empty input or answer"
    else:
        because = f"{long:,} too long for these settings, {len(rows) - long:,} with an empty input or answer"
    return f"{whole} would be left out: {because}. None is ever cut in the middle. Mend them, or accept it."


def longest(rows: Sequence[LeftOut]) -> int:
    """Tokens of the longest row that is too long; 0 when none is."""
    return max((row.tokens for row in rows if row.beyond), default=0)


def _off(share: float, more: str, less: str) -> str:
    return "as estimated" if abs(share) < 0.005 else f"{percent(abs(share))} {more if share > 0 else less}"


def _pace(seconds: float) -> str:
    return f"{seconds:.1f} seconds" if seconds >= 0.1 else f"{seconds * 1000:.0f} ms"
