"""One criterion, open for writing: its words, its exemplars, its machine checks, and a place to try them."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studio import brief_form
from studio.evaluate import checks, readability
from studio.records import SCALE_LEVELS, Brief, CheckKind, Criterion, Refusal
from studio.ui import blocks, exemplar_pick, form_fields, frame, prose
from studio.ui.form_fields import Draft

KINDS = {
    CheckKind.required: "Contains one of these phrases",
    CheckKind.forbidden: "Contains none of these phrases",
    CheckKind.max_words: "Has at most so many words",
    CheckKind.min_words: "Has at least so many words",
    CheckKind.max_grade: "Is easy enough to read (school grade)",
    CheckKind.one_of: "Is one label of a list",
    CheckKind.by_slice: "Contains a phrase for each kind of input",
    CheckKind.repeats: "Repeats something from the input (a pattern)",
    CheckKind.pattern: "Matches a pattern",
    CheckKind.json_fields: "Is JSON with these fields",
    CheckKind.json_schema: "Is JSON that keeps a schema",
    CheckKind.equals_ideal: "Equals the ideal output",
}
_PATTERN = r"A regular expression, such as LF-\d{5} for LF- and five digits"
_GRADE = (
    "Flesch-Kincaid: from the length of sentences and words. 5 is plain, 8 a newspaper, 12 and more an official "
    "letter. For English prose only, and rough under some 50 words: try it below."
)
_SCHEMA = (
    "JSON Schema, draft 2020-12 or older. References must stay inside it (#/$defs/…); nothing is fetched. Of formats, "
    "those that need no further library are checked, such as date, email and uuid."
)
_ENOUGH_TO_GRADE = 50  # words; below, one long word moves the grade by more than one
_ANSWERS = {
    brief_form.YES_NO: "Yes or no",
    brief_form.LEVELS: f"From 1 to {SCALE_LEVELS}, with words for each level",
}


def show(held: Draft, item: dict[str, Any]) -> None:
    path, key = ("criteria", item["id"]), f"brief-{item['id']}"
    form_fields.line(held, (*path, "name"), "Name", f"{key}-name", placeholder="Such as: Says what happens next")
    form_fields.area(held, (*path, "how_to_tell"), "How can anybody tell?", f"{key}-how_to_tell")
    form_fields.area(held, (*path, "why"), "Why does it matter?", f"{key}-why")
    good, bad = st.columns(2)
    with good:
        form_fields.area(held, (*path, "good"), "A good exemplar", f"{key}-good")
    with bad:
        form_fields.area(held, (*path, "bad"), "A bad exemplar", f"{key}-bad")
    exemplar_pick.show(held, item)
    names = {s["id"]: s["name"].strip() or "a kind without a name" for s in held.form["slices"]}
    if names:
        form_fields.several(
            held, (*path, "slices"), "Kinds of input it applies to (none chosen: all of them)", f"{key}-slices",
            list(names), format_func=lambda s: names.get(s, s),
        )  # fmt: skip
    _answered(held, path, key)
    for check in item["checks"]:
        _check(held, path, check, names)
    _add_check(held, item)
    if item["checks"]:
        form_fields.number(
            held, (*path, "target"), "To ship, so many of 100 test answers must keep it (0: no gate)", f"{key}-target",
            min_value=0, max_value=100, width=420,
            help="An automatic gate of the decision. It is registered when a blind round opens.",
        )  # fmt: skip
    _try(held, item, names)


def _answered(held: Draft, path: tuple[str, ...], key: str) -> None:
    """How people answer the criterion, and what each level of a scale looks like."""
    chosen = form_fields.choice(held, (*path, "answer"), "How do people answer it?", f"{key}-answer", _ANSWERS)
    if chosen != brief_form.LEVELS:
        return
    with st.container(key=f"brief-levels-{path[1]}"):
        for level in range(1, SCALE_LEVELS + 1):
            end = ", the worst" if level == 1 else ", the best" if level == SCALE_LEVELS else ""
            name = brief_form.level_key(level)
            form_fields.area(held, (*path, name), f"{level} of {SCALE_LEVELS}{end}", f"{key}-{name}")


def _add_check(held: Draft, item: dict[str, Any]) -> None:
    label = "Add another check" if item["checks"] else "Let a machine check it"
    # Another key after each choice: the list closes then, and what was chosen is not hidden behind it.
    chosen = len(item["checks"])
    with st.popover(label, icon=":material/add:", key=f"brief-{item['id']}-add-check-{chosen}"):
        st.caption("The output is kept by this criterion when it …")
        for kind, words in KINDS.items():
            st.button(
                words[0].lower() + words[1:], key=f"brief-{item['id']}-add-{kind.value}", type="tertiary",
                on_click=held.change, args=(lambda form, kind=kind: _added(form, item["id"], kind),),
            )  # fmt: skip


def _added(form: dict[str, Any], criterion: str, kind: CheckKind) -> None:
    brief_form.add_check(form_fields.at(form, ("criteria", criterion)), kind)


def _removed(form: dict[str, Any], path: tuple[str, ...], check: str) -> None:
    held = form_fields.at(form, path)
    held["checks"] = [c for c in held["checks"] if c["id"] != check]


def _check(held: Draft, above: tuple[str, ...], check: dict[str, Any], names: dict[str, str]) -> None:
    path = (*above, "checks", check["id"])
    key, kind = f"brief-check-{above[1]}-{check['id']}", CheckKind(check["kind"])
    with st.container(key=f"brief-machine-{above[1]}-{check['id']}"):
        tools = f"brief-tools-{above[1]}-{check['id']}"
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key=tools):
            blocks.item(KINDS[kind], mark="a machine checks")
            st.button(
                "Take this check out", icon=":material/close:", key=f"{key}-remove", type="tertiary",
                on_click=held.change, args=(lambda form: _removed(form, above, check["id"]),),
            )  # fmt: skip
        _fields(held, path, key, kind, names)


def _fields(held: Draft, path: tuple[str, ...], key: str, kind: CheckKind, names: dict[str, str]) -> None:
    if kind in _PHRASES:
        form_fields.area(held, (*path, "phrases"), _PHRASES[kind], f"{key}-phrases")
    elif kind in _LIMITS:
        label, about = _LIMITS[kind]
        form_fields.number(
            held, (*path, "limit"), label, f"{key}-limit", min_value=0, step=1, width=200, help=about or None
        )
    elif kind in (CheckKind.pattern, CheckKind.repeats):
        form_fields.line(held, (*path, "pattern"), "Pattern", f"{key}-pattern", help=_PATTERN)
        if kind is CheckKind.repeats:
            label = "When the input holds none, the output must contain (may stay empty)"
            form_fields.line(held, (*path, "otherwise"), label, f"{key}-otherwise")
    elif kind is CheckKind.json_fields:
        form_fields.area(
            held, (*path, "fields"), "One field a line, with the values it may have", f"{key}-fields",
            placeholder="priority: low, normal, high\nneeds_human: true, false\nsummary",
        )  # fmt: skip
    elif kind is CheckKind.json_schema:
        form_fields.area(
            held, (*path, "schema"), "The schema", f"{key}-schema", help=_SCHEMA,
            placeholder='{"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}',
        )  # fmt: skip
    else:
        _phrase_per_slice(held, path, key, names)


_PHRASES = {
    CheckKind.required: "Phrases, one a line (capitals do not matter)",
    CheckKind.forbidden: "Phrases, one a line (capitals do not matter)",
    CheckKind.one_of: "Labels, one a line; the output must be one of them, letter by letter, and nothing else",
    CheckKind.equals_ideal: "JSON fields that must be equal, one a line (empty: the whole text)",
}
_LIMITS = {
    CheckKind.max_words: ("Words at most", ""),
    CheckKind.min_words: ("Words at least", ""),
    CheckKind.max_grade: ("School grade at most", _GRADE),
}


def _phrase_per_slice(held: Draft, path: tuple[str, ...], key: str, names: dict[str, str]) -> None:
    if not names:
        blocks.note("Add the kinds of input below first; then each gets its phrase here.")
    for name, title in names.items():
        label = f"For {form_fields.plain(title)}, one phrase a line"
        form_fields.area(held, (*path, "by_slice", name), label, f"{key}-{name}")


def _try(held: Draft, item: dict[str, Any], names: dict[str, str]) -> None:
    """Paste an output and see whether the criterion, as it is written now, is kept."""
    if not item["checks"]:
        return
    path, key = ("criteria", item["id"], "try"), f"brief-try-{item['id']}"
    kinds = {check["kind"] for check in item["checks"]}
    with st.container(key=f"brief-trial-{item['id']}"):
        blocks.item("Try it", "Paste an output and see what the machine says.")
        form_fields.area(held, (*path, "output"), "An output", f"{key}-output")
        if "repeats" in kinds:
            form_fields.area(held, (*path, "input"), "The input it answers", f"{key}-input")
        if "equals_ideal" in kinds:
            form_fields.area(held, (*path, "ideal"), "The ideal output", f"{key}-ideal")
        if names and ("by_slice" in kinds or item["slices"]):
            form_fields.one(
                held, (*path, "slice"), "The kind of input", f"{key}-slice", list(names),
                format_func=lambda s: names.get(s, s), placeholder="Choose one",
            )  # fmt: skip
        if item["try"]["output"].strip():
            _say(item, names)


def _say(item: dict[str, Any], names: dict[str, str]) -> None:
    tried = item["try"]
    subject = checks.Subject(tried["input"], tried["output"], tried["ideal"], names.get(tried["slice"] or "", ""))
    try:
        criterion = brief_form.to_criterion(item, names)
        checks.refuse_broken_checks(Brief(criteria=(criterion,)))
    except Refusal as refusal:
        frame.refused(refusal)
        return
    try:
        kept = checks.kept(criterion, subject)
    except Refusal as refusal:
        frame.refused(refusal)
        return
    prose.told(kept, _why_none(criterion, subject))
    if any(check.kind is CheckKind.max_grade for check in criterion.checks):
        _say_grade(subject.output)


def _say_grade(output: str) -> None:
    found = readability.grade(output)
    if found is not None:
        rough = " It is short, so take the figure as rough." if len(output.split()) < _ENOUGH_TO_GRADE else ""
        blocks.note(f"It reads at school grade {max(found, 0):.1f}.{rough}")


def _why_none(criterion: Criterion, subject: checks.Subject) -> str:
    if criterion.slices and subject.slice not in criterion.slices:
        return "This criterion does not apply to this kind of input. Choose one that it applies to."
    return "There is nothing to compare with. Fill in the input or the ideal output."
