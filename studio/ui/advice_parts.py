"""Should we fine-tune at all? The answer, why, what would change it, and the questions that people answer."""

from __future__ import annotations

import streamlit as st

from studio import advice
from studio.advice import Answer, Change, Evidence
from studio.store import Store, people
from studio.store import advice as rows
from studio.store.advice import Given
from studio.ui import blocks, frame
from studio.ui.access import Visit

_SAID = {
    Answer.prompt: "Keep prompting.",
    Answer.retrieve: "Use retrieval: look facts up for each answer, and put them into the prompt.",
    Answer.collect: "Collect more examples first.",
    Answer.tune: "Fine-tune.",
}
_INTO = {
    Answer.prompt: "keep prompting",
    Answer.retrieve: "use retrieval",
    Answer.collect: "collect more examples",
    Answer.tune: "fine-tune",
}
_NEXT = {
    Answer.prompt: ("baselines", "Write and score a prompt"),
    Answer.retrieve: ("baselines", "Try what a prompt does with the facts in it"),
    Answer.collect: ("examples", "Go to the examples"),
    Answer.tune: ("health", "Check and freeze the examples"),
}
_ASK = {
    "facts": "Does it need fresh facts, or sources to name (citations)?",
    "changes": "How often does the task change?",
    "traffic": "How many requests a month (traffic)?",
    "cheaper": "Is a shorter prompt, more speed or a lower cost the reason?",
}
_UNKNOWN = {
    "facts": "whether it needs fresh facts",
    "changes": "how often the task changes",
    "traffic": "how much traffic there is",
    "cheaper": "whether cost or speed is the reason",
    "kept": "how well the best prompt does on validation inputs",
    "agreement": "whether people agree on what is good",
}
_NOT_KNOWN = "Nobody knows yet"


@st.cache_data(max_entries=64, show_spinner=False)
def _evidence(_store: Store, workspace: str, version: int, project: str) -> Evidence:
    return advice.gather(_store, project)


def show(visit: Visit) -> None:
    known = _evidence(visit.store, str(visit.store.workspace), visit.store.version, visit.project_id)
    found = advice.advise(known)
    blocks.section("Should we fine-tune at all?", "Often not: a good prompt is faster, cheaper and easier to change.")
    with st.container(key="advice-answer"):
        blocks.lead(_SAID[found.answer])
        blocks.bullets(found.reasons)
        if found.open_changes:
            blocks.note(f"Provisional: {_listed(found.unknown)} {_is(found.unknown)} not known, and could change it.")
        blocks.way(visit, *_NEXT[found.answer], "advice-next")
    _would_change(found)
    _questions(visit)
    _known(known)
    _sources()


def _is(names: tuple[str, ...]) -> str:
    return "is" if len(names) == 1 else "are"


def _listed(names: tuple[str, ...]) -> str:
    said = [_UNKNOWN[name] for name in names]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


def _would_change(found: advice.Advice) -> None:
    blocks.section("What would change the answer", "One thing at a time, with all the rest as it is.")
    rows_ = [*((c, "not known yet") for c in found.open_changes), *((c, "") for c in found.would_change)]
    for change, mark in rows_:
        _one_change(change, mark)
    if not rows_:
        blocks.note("Nothing by itself: more than one thing would have to be different.")


def _one_change(change: Change, mark: str) -> None:
    blocks.item(f"If {change.if_so}: {_INTO[change.then]}", mark=mark)


def _questions(visit: Visit) -> None:
    """What only people can answer; each answer is kept with who gave it and when, and can be undone."""
    blocks.section("What only you can answer", "Everybody in the project sees these answers; the last one holds.")
    given, names = rows.answers(visit.store, visit.project_id), people.names(visit.store)
    for question, words in advice.QUESTIONS.items():
        with st.container(key=f"advice-question-{question}"):
            _question(visit, question, {"": _NOT_KNOWN} | words, given.get(question))
            if (held := given.get(question)) is not None:
                by = names.get(held.person, "somebody who left")
                blocks.note(f"Answered by {by} on {blocks.when(held.at)}.")


def _question(visit: Visit, question: str, words: dict[str, str], held: Given | None) -> None:
    key, value = f"advice-{question}", held.value if held else ""
    if key in st.session_state and st.session_state[key] != value:
        st.session_state[key] = value
    st.radio(
        _ASK[question], list(words), list(words).index(value), format_func=words.__getitem__, key=key,
        on_change=_answered, args=(visit, question, key), disabled=not visit.may_edit,
    )  # fmt: skip


def _answered(visit: Visit, question: str, key: str) -> None:
    value = str(st.session_state[key] or "")
    frame.attempt(lambda: advice.answer(visit.store, visit.person.id, visit.project_id, question, value))


def _known(known: Evidence) -> None:
    """What the studio itself knows, in sentences."""
    blocks.section("What the studio knows", "Read from this project; nothing to fill in.")
    blocks.bullets([_prompt(known), _examples(known), _agreement(known)])


def _prompt(known: Evidence) -> str:
    if known.kept is None:
        wrote = f"{blocks.several(known.prompts, 'prompt')} written" if known.prompts else "No prompt written"
        return f"{wrote}, none scored on validation inputs yet."
    share, low, high = known.kept
    return (
        f"The best of {blocks.several(known.prompts, 'prompt')} keeps {blocks.percent(share)} of the rules that a "
        f"machine can check (95 % interval {blocks.between((low, high))}) on {known.scored:,} validation inputs."
    )


def _examples(known: Evidence) -> str:
    by_kind = ", ".join(f"{name} {n:,}" for name, n in known.approved.items())
    return f"{blocks.several(known.approved_in_all, 'approved example')}{f': {by_kind}' if by_kind else ''}."


def _agreement(known: Evidence) -> str:
    if known.agreement is None:
        return "No two people judged the same items yet, so it is not known whether they agree."
    few = f"; fewer than {advice.ENOUGH_JUDGED}, so this is not counted" if known.judged < advice.ENOUGH_JUDGED else ""
    return (
        f"Two people agree {known.agreement:.2f} beyond luck (0 is luck, 1 is always) on "
        f"{blocks.several(known.judged, 'item')}{few}."
    )


def _sources() -> None:
    with st.expander("Where these rules come from", key="advice-sources"):
        for source in advice.SOURCES:
            blocks.item(source.name, f"{source.says} {source.url}")
        blocks.note("The figures that are our own are named in docs/should-we-tune.md.")
