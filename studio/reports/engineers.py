"""The brief for the engineers who serve what was decided: what good looks like, what it was made from, how to run it as
it was judged, and what to watch. Markdown, of the record only.

The serving lines are those of the folder that "Take it away" makes. It does not promise that another program, another
precision or other decoding settings answer the same.
"""

from __future__ import annotations

from studio import brief as brief_step
from studio import models
from studio.decision import GateState
from studio.papers import About
from studio.records import ArmKind, Criterion
from studio.reports import evidence
from studio.reports.markdown import bullets, code, document, plain
from studio.review.assessment import SliceState
from studio.train import takeaway, takeaway_readme
from studio.train.settings import FULL
from studio.wording import day, several


def brief(about: About) -> str:
    """The brief for the engineers of one arm."""
    return document((
        [f"# For the engineers: {plain(about.arm.name)}", *evidence.labels(about),
         f"Project “{plain(about.name)}”, {_version(about)}."],
        ["## Where it stands", *evidence.verdict(about)],
        ["## What it is for, and what not", *evidence.use(about.brief)],
        ["## What good looks like", *(part for each in about.brief.criteria for part in _criterion(each))],
        ["## What a GO needs, and how each stands", *evidence.gate_table(about)],
        ["## How it did", *evidence.preference(about), *evidence.floor(about.assessed), *evidence.slices(about),
         *evidence.checks(about)],
        ["## What it was made from", *_data(about)],
        ["## What it costs", *(bullets(map(plain, about.cost)) or ["Not told before a blind round has closed."])],
        ["## How to serve it", *_serving(about)],
        ["## How it was asked", *_asked(about)],
        ["## What to watch", *bullets(_watched(about))],
        ["## Known limits", *evidence.limits(about)],
        ["## Whom to ask", *evidence.contacts(about)],
        ["## By what to check it", *evidence.identity(about)],
    ))  # fmt: skip


def _version(about: About) -> str:
    newest = about.brief.version
    judged = about.trial.round.registration["brief_version"] if about.trial else newest
    if judged == newest:
        return f"version {newest} of its brief"
    return f"version {newest} of its brief; people judged it under version {judged}"


def _criterion(found: Criterion) -> list[str]:
    """One criterion with its exemplars, as the brief has it."""
    return [f"### {plain(found.name)}", *bullets(map(plain, brief_step.spoken(found, {}).splitlines()))]


def _data(about: About) -> list[str]:
    rights = plain(about.brief.data_rights) or "by what right is not written yet"
    if about.dataset is None:
        return [f"No set is frozen. Data rights, by the brief: {rights}"]
    splits = ", ".join(f"{count:,} {name}" for name, count in about.dataset.splits.items())
    frozen = f", frozen {day(about.dataset.at)}" if about.dataset.at else ""
    told = [f"{plain(about.dataset.name)}: {splits}{frozen}.", f"Rights: {rights}"]
    if about.passport is None:
        return bullets([*told, "Nothing was trained."])
    base = models.entry(about.passport.base.name)
    return bullets([*told, f"Base: {plain(base.title)} ({plain(base.source)}), licence {plain(base.licence)}."])


# -- serving ---------------------------------------------------------------------------------------


def _serving(about: About) -> list[str]:
    made = about.passport
    if made is None:
        return [_of_a_prompt(about)]
    if not made.adapter_sha256:
        return ["Its training has not ended well, so there is nothing to serve."]
    if about.arm.kind is ArmKind.tuned and models.entry(about.arm.model).kind == "endpoint":
        return ["It was tuned elsewhere and its weights are there: it is served by whoever holds them."]
    forms = ("merged",) if made.settings.get("method") == FULL else ("adapter", "merged")
    return [part for form in forms for part in _form(about, form)]


def _of_a_prompt(about: About) -> str:
    base = models.entry(about.arm.model)
    return f"It is {plain(base.title)} ({plain(base.source)}) with the system text below: serve that model as it is."


def _form(about: About, form: str) -> list[str]:
    """One form in which it can be taken away: whether that was prepared and checked, and the lines that serve it."""
    assert about.passport is not None
    base, rank = takeaway.base_for(about.passport.base.name), int(about.passport.settings.get("lora_rank", 0))
    taken = about.taken.get(form)
    name = taken.name if taken else takeaway.name_of(about.arm.name, form)
    state = (
        takeaway_readme.checked(taken.check) if taken
        else f"Not prepared yet: on the Train page, or with `studio export run --format {form}`."
    )  # fmt: skip
    parts = [f"### {takeaway.FORMS[form]}: `{name}`", state]
    for program, line in takeaway_readme.commands(form, name, base, rank).items():
        parts += [f"{program}:", code(line)]
    parts.append(takeaway_readme.asking(form, name))
    return [*parts, *([said] if form == "adapter" and (said := takeaway_readme.beside(base)) else [])]


def _asked(about: About) -> list[str]:
    told = about.decoding
    greedy = "greedy, the likeliest word each time" if not told.temperature else f"drawn, seed {told.seed}"
    parts = bullets([f"`temperature` {told.temperature:g} ({greedy})", f"`max_tokens` {told.max_new_tokens}"])
    if about.arm.system_prompt:
        parts += ["System text:", code(about.arm.system_prompt)]
    else:
        parts.append("No system text: it was asked with the input alone, in the chat template of its folder.")
    recipe = about.arm.recipe
    if recipe.shots:
        parts.append(f"Before the input stand {several(recipe.shots.count, 'example')} as turns that were had.")
    if recipe.passages:
        parts.append(f"With the input come {several(recipe.passages.count, 'passage')} of the team’s documents.")
    return parts


# -- what to watch ---------------------------------------------------------------------------------


def _watched(about: About) -> list[str]:
    """What of the evidence is thin or failing, and what makes the decision void."""
    trial = about.trial
    told = []
    weakest = next((g for g in evidence.gates(about) if trial and g.name == trial.ruling.weakest), None)
    if weakest is not None:
        told.append(f"The weakest gate: {plain(weakest.title)} ({evidence.STATES[weakest.state]}).")
    told += [
        f"{plain(g.title)} ({evidence.STATES[g.state]}): {plain(g.sentence)}" for g in evidence.gates(about)
        if g.state is not GateState.passed and g is not weakest and not g.is_slice
    ]  # fmt: skip
    thin = {evidence.slice_name(s) for _, s in evidence.every_slice(about) if s.state is SliceState.not_enough_votes}
    if thin:
        told.append(f"Kinds of input on which too few voted to tell: {plain(', '.join(sorted(thin)))}.")
    own = next((each for each in about.compared if each.arm.id == about.arm.id), None)
    if own is not None and own.scores and (worst := min(own.scores, key=lambda score: score.share)).kept < worst.n:
        told.append(f"The rule it breaks most: {plain(worst.criterion)} ({worst.n - worst.kept} of {worst.n}).")
    return [*told, "Other weights than those named below: the decision is void for them; the Decision page says so."]
