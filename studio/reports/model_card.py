"""The card of a model that a round may decide about, as the README.md of a Hugging Face model folder: for people first,
with a head of YAML that the hub reads.

Everything in it is of the record: what people did not write is said to be missing, what was not measured is said to be
so. It does not promise that the model is fit for anything that the brief does not name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from studio import models, wording
from studio.papers import About
from studio.records import Dataset, Split
from studio.reports import dataset_card, evidence, hub
from studio.reports.markdown import bullets, code, document, plain
from studio.store import Store
from studio.store import datasets as dataset_rows
from studio.train import passport_words, takeaway, takeaway_readme
from studio.train.settings import FULL

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

_HUB = re.compile(r"huggingface\.co/([\w.-]+/[\w.-]+)")
_OWN = ("yardstick",)


def written(store: Store, about: About, form: str = "") -> str:
    """The card as Markdown. `form`: adapter or merged, for the folder of what is taken away, whose README goes on with
    how to load it; "": on its own, with that in it."""
    from huggingface_hub import ModelCard, ModelCardData  # 0.3 s, for whoever writes a card

    head = ModelCardData(**_head(store, about, form))
    return str(ModelCard(f"---\n{head.to_yaml()}\n---\n\n{body(about)}{'' if form else _loading(about)}"))


def body(about: About) -> str:
    """What people read: use, data, evidence, limits, contacts."""
    return document((
        [f"# {plain(about.arm.name)}", *evidence.labels(about), _what(about)],
        ["## What it is for, and what not", *evidence.use(about.brief)],
        ["## What people made of it", *evidence.verdict(about), *evidence.preference(about),
         *evidence.floor(about.assessed)],
        _if_any("## On each kind of input", evidence.slices(about)),
        ["## By the brief’s own rules, checked by machine", *evidence.checks(about)],
        ["## What tuning may have done besides", *bullets(
            f"**{title}:** {evidence.gate(about, name)}" for title, name in (
                ("Side effects (what it unlearned)", "Side effects"), ("Memorisation (does it recite)", "Memorisation"),
                ("Personal data", "Personal data"),
            )
        )],
        ["## What it learned from, and by what right", *_learned(about)],
        _if_any("## How that data was checked and cleaned", _cleaned(about.dataset)),
        ["## Known limits", *evidence.limits(about)],
        ["## Whom to ask", *evidence.contacts(about)],
        ["## What making it took", *_compute(about)],
        ["## Which model this is", *evidence.identity(about)],
    ))  # fmt: skip


def _if_any(head: str, parts: list[str]) -> list[str]:
    return [head, *parts] if parts else []


def _what(about: About) -> str:
    project, model = plain(about.name), plain(models.entry(about.arm.model).title)
    if about.passport is None:
        return f"{model} with a prompt, of the project “{project}”. Nothing was trained."
    how = "all weights" if about.passport.settings.get("method") == FULL else "an adapter (LoRA)"
    return f"{model}, fine-tuned ({how}) for the project “{project}”, {wording.day(about.passport.at)}."


def _learned(about: About) -> list[str]:
    rights = plain(about.brief.data_rights) or "The brief does not say by what right the data is used: not written yet."
    if about.passport is None:
        return ["It learned from no example of this project.", f"**Data rights, by the brief:** {rights}"]
    told = dict(passport_words.in_words(about.passport, {}))
    shown = [name for name in ("How it learned", "Taught by", "Learned from", "Sources", "Rights") if name in told]
    frozen = [f"**Frozen:** {wording.day(about.dataset.at)}"] if about.dataset and about.dataset.at else []
    listed = [*(f"**{name}:** {plain(told[name])}" for name in shown), *frozen, f"**By what right:** {rights}"]
    return bullets(listed)


def _cleaned(dataset: Dataset | None) -> list[str]:
    return dataset_card.checks_found(dataset.health) if dataset and not dataset.of_votes else []


def _compute(about: About) -> list[str]:
    made = about.passport
    if made is None:
        return ["Nothing was trained, so no computing went into it here."]
    told = dict(passport_words.in_words(made, {}))
    return bullets(f"**{name}:** {plain(told[name])}" for name in ("Hardware", "Time", "Energy"))


def _loading(about: About) -> str:
    """How to load and serve it: in a folder that is taken away, the rest of its README says so."""
    made = about.passport
    if made is None or not made.adapter_sha256:
        return ""
    rank = int(made.settings.get("lora_rank", 0))
    forms = ("merged",) if made.settings.get("method") == FULL else ("adapter", "merged")
    lines = [
        f"**{program}, {takeaway.FORMS[form].lower()}:**\n\n{code(line)}"
        for form in forms
        for program, line in takeaway_readme.commands(
            form, takeaway.name_of(about.arm.name, form), takeaway.base_for(made.base.name), rank
        ).items()
    ]
    said = "Beside the folder that “Take it away” (Train page) gives:"
    return "\n" + document((["## How to load it", said, *lines],))


# -- the head that the hub reads -------------------------------------------------------------------


def _head(store: Store, about: About, form: str) -> dict[str, Any]:
    """The fields of the hub's model cards. A base that is not on the hub is named in the text only."""
    base, adapter = models.entry(about.arm.model), form != "merged" and about.passport is not None
    told: dict[str, Any] = {
        **hub.licence([about.passport.base.licence if about.passport else base.licence]),
        "library_name": "peft" if adapter and not _full(about) else "transformers",
        "pipeline_tag": "text-generation",
        "tags": [*_OWN, *(hub.slug(label) for label in about.labels)],
        "model_name": about.arm.name,
    }
    if named := base.name if base.kind == "hub" else (_HUB.search(base.source) or [None, None])[1]:
        told |= {"base_model": named}
    if about.dataset is not None:
        told |= {"datasets": [hub.slug(f"{about.name} {about.dataset.name}")]}
        told |= dataset_card.language(dataset_rows.rows_of(store, about.dataset)) if not about.dataset.of_votes else {}
    return told | ({"eval_results": results} if (results := _results(about)) else {})


def _full(about: About) -> bool:
    return about.passport is not None and about.passport.settings.get("method") == FULL


def _results(about: About) -> list[EvalResult]:
    """Preference and rules kept, each with interval and n, as the hub's model index has them; labelled in its name."""
    from huggingface_hub import EvalResult

    tested: dict[str, Any] = {
        "task_type": "text-generation", "dataset_type": hub.slug(about.name),
        "dataset_name": f"{about.name}: {Split.test.value} prompts", "dataset_split": Split.test.value,
    }  # fmt: skip
    marks = f" [{', '.join(about.labels).lower()}]" if about.labels else ""
    found = []
    for against in about.assessed.against if about.assessed and about.trial else ():
        if against.theta is not None and about.trial:
            name = f"Preferred to {about.trial.names[against.baseline]} (theta){marks}"
            args = {"low": against.interval.low, "high": against.interval.high, "prompts": against.n}
            found.append(EvalResult(**tested, metric_type="win_rate", metric_name=name, metric_value=against.theta,
                                    metric_args=args))  # fmt: skip
    own = next((each.average for each in about.compared if each.arm.id == about.arm.id), None)
    if own is not None and own.rules:
        args = {"low": own.low / own.rules, "high": own.high / own.rules, "prompts": own.n}
        found.append(EvalResult(**tested, metric_type="rules_kept", metric_name="Rules of the brief kept",
                                metric_value=own.value / own.rules, metric_args=args))  # fmt: skip
    return found
