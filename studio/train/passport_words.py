"""A passport said in words, for those who must be able to repeat it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from studio import vote_sets
from studio.records import from_json
from studio.train.elsewhere import PRESET
from studio.train.passport import Base, Data, Labels, Passport
from studio.wording import gigabytes

Said = tuple[str, str]
_NOT_MEASURED = (
    "Not measured: this machine gives no energy counter that may be read (of the processor, RAPL, or of the card, NVML)"
)
_REGISTERED = "Fingerprint over address, name and time registered, SHA-256"
_SHOWN = 6


def in_words(made: Passport, names: Mapping[str, str]) -> list[Said]:
    """(What, what there is to say) in the order to read. `names`: person -> name; a person without one stays an id."""
    said = [
        ("Learned from", _data(made.data, "voted on" if made.preferences else "approved")),
        ("Approved by", _approvals(made.data.labels, names)),
        ("Sources", _listed(made.data.labels.sources, "not said")),
        ("Rights", _rights(made.data.labels)),
        ("Base model", _told_base(made) if made.preset == PRESET else _base(made.base)),
        ("Prompt template, SHA-256", made.template_sha256 or "not recorded"),
        (_REGISTERED if made.preset == PRESET else "What came of it (adapter), SHA-256", made.adapter_sha256 or "none"),
        ("Seed (random start)", str(made.settings.get("seed", "not recorded"))),
        ("Library versions", ", ".join(f"{n} {v}" for n, v in made.versions.items()) or "not recorded"),
        ("Hardware", hardware(made)),
        ("Time", _time(made)),
        ("Energy", energy(made)),
        ("Passport's own SHA-256", made.sha256),
    ]
    if made.preferences:
        said[1:3] = _preferences(made.preferences)
    if made.again.of:
        said.insert(0, ("Made again from", _again(made)))
    if made.not_recorded:
        said.append(("Not recorded then", ", ".join(made.not_recorded)))
    return said


def _preferences(told: Mapping[str, Any]) -> list[Said]:
    """In the place of approvals and sources: nobody approves an answer by preferring it."""
    votes, start = from_json(vote_sets.Facts, told["votes"]), told["start"]
    begun = f"run {start['run']}, adapter SHA-256 {start['adapter_sha256']}" if start else "the base"
    rounds = ", ".join(f"{name} (registered as {sha})" for name, sha in votes.rounds.items())
    how = (
        f"preference tuning ({told['objective']}), beta {figure(told['beta'])}, label smoothing "
        f"{figure(told['label_smoothing'])}"
    )
    return [
        ("How it learned", how),
        ("Started as, and measured against (reference)", begun),
        ("Taught by", " ".join(vote_sets.in_words(votes))),
        ("Rounds", rounds),
    ]


def changes(changed: Mapping[str, tuple[object, object]]) -> list[tuple[str, str, str]]:
    """(setting, before, after) of what differs, as text."""
    return [(name.replace("_", " "), figure(was), figure(now)) for name, (was, now) in changed.items()]


def figure(value: object) -> str:
    """A setting's value: at most four figures, without a tail of noughts."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def hardware(made: Passport) -> str:
    """The machine in one line."""
    had = made.hardware
    if "processor" not in had:
        return str(had.get("device") or "not recorded")
    card = f"{had['card']} ({had['card_memory_gb']:.0f} GB, CUDA {had['cuda']}), " if had["card"] else ""
    return (
        f"{card}{had['processor']}, {had['cores']} cores, {had['threads']} threads, {had['memory_gb']:.0f} GB of "
        f"memory, {had['system']}"
    )


def energy(made: Passport) -> str:
    """The energy in words, with what the counters leave out; never an estimate."""
    joules = made.energy.get("joules")
    if made.preset == PRESET:
        return "not known: it was tuned elsewhere"
    if joules is None:
        return _NOT_MEASURED
    amount = f"{joules / 3.6e6:.3g} kWh" if joules >= 3.6e5 else f"{joules:,.0f} J"
    counted = " and ".join(sorted(set(made.energy["of"])))
    return f"{amount}, counted by the {counted} (with whatever else ran there; the rest of the machine is not counted)"


def _again(made: Passport) -> str:
    if not made.again.changed:
        return f"run {made.again.of}, with nothing changed"
    what = "; ".join(f"{name} {was} → {now}" for name, was, now in changes(made.again.changed))
    return f"run {made.again.of}, with {what}"


def _data(data: Data, how: str) -> str:
    rows = ", ".join(f"{data.splits[name]:,} for {said}" for name, said in _SPLITS.items() if data.splits.get(name))
    return f"{rows}; {how} under version {data.brief_version} of the brief; SHA-256 {data.sha256}"


_SPLITS = {"train": "learning", "validation": "checking on the way", "test": "the test"}


def _approvals(labels: Labels, names: Mapping[str, str]) -> str:
    if not labels.approved:
        return (
            f"No person by name: all {labels.rows:,} rows came with their approval, or were approved before names were "
            "kept"
        )
    people = ", ".join(f"{names.get(who, who)} ({count:,})" for who, count in list(labels.by.items())[:_SHOWN])
    more = f" and {len(labels.by) - _SHOWN:,} more people" if len(labels.by) > _SHOWN else ""
    said = f"{people}{more}: {labels.approved:,} of {labels.rows:,} rows, {labels.twice:,} of them by two or more"
    rest = labels.rows - labels.approved
    return f"{said}; {rest:,} came with their approval" if rest else said


def _listed(counted: Mapping[str, int], empty: str) -> str:
    shown = list(counted.items())[:_SHOWN]
    more = f", and {len(counted) - _SHOWN:,} more" if len(counted) > _SHOWN else ""
    return ", ".join(f"{name or empty} ({count:,})" for name, count in shown) + more


def _rights(labels: Labels) -> str:
    consent = {name.replace("_", " "): count for name, count in labels.consent.items()}
    return f"Licence: {_listed(labels.licences, 'not said')}. Consent: {_listed(consent, 'not said')}"


def _base(base: Base) -> str:
    parts: Sequence[str] = (
        base.name, base.revision and f"revision {base.revision}", base.source, f"licence {base.licence}",
        f"{len(base.files)} files, SHA-256 over all {base.sha256}" if base.files else "its files' hashes not recorded",
    )  # fmt: skip
    return "; ".join(part for part in parts if part)


def _told_base(made: Passport) -> str:
    return f"{made.settings.get('base_model', 'not known')}, as told; what answers is {made.base.name}"


def _time(made: Passport) -> str:
    if made.seconds is None:
        return "not recorded"
    last = f"; the last of {made.starts} starts" if (made.starts or 1) > 1 else ""
    peak = f"; at most {gigabytes(made.peak_memory_mb)} of memory" if made.peak_memory_mb else ""
    return f"{made.seconds:,.0f} seconds from start to end{last}{peak}"
