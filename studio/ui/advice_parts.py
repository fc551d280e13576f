"""Should we fine-tune at all? The answer, why, what would change it, and the questions that people answer."""

from __future__ import annotations

import streamlit as st

from studio import advice, wording
from studio.advice import Answer, Evidence
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
    with st.container(key="advice"):
        blocks.section("Should we fine-tune at all?", "Often not: a prompt is faster, cheaper and easier to change.")
        _answer(visit, found)
        _questions(visit)
        _would_change(found)
        _known(known)
        _sources()


def _answer(visit: Visit, found: advice.Advice) -> None:
    """The answer, its reasons in the order they counted, how sure it is, and the way on."""
    with st.container(key="advice-answer"):
        blocks.lead(_SAID[found.answer])
        blocks.plain(found.reasons[0])
        if found.reasons[1:]:
            blocks.note("Also:")
            blocks.bullets(found.reasons[1:])
        if said := _open_questions(found):
            blocks.note(said)
        blocks.way(visit, *_NEXT[found.answer], "advice-next")


def _open_questions(found: advice.Advice) -> str:
    """Which of what is not known could change the answer, and what else is not known."""
    telling = list(dict.fromkeys(change.about for change in found.open_changes))
    rest = [name for name in found.unknown if name not in telling]
    said = []
    if telling:
        said.append(f"This may still change: nobody knows yet {_listed(telling)}.")
    if rest:
        word = "Not known either" if telling else "Not known"
        said.append(f"{word}, though none of it alone would change the answer: {_listed(rest)}.")
    return " ".join(said)


def _listed(names: list[str]) -> str:
    return wording.all_of([_UNKNOWN[name] for name in names])


def _would_change(found: advice.Advice) -> None:
    blocks.section("What would change the answer", "One thing at a time, with all the rest as it is.")
    for change, mark in [*((c, "not known yet") for c in found.open_changes), *((c, "") for c in found.would_change)]:
        then = _INTO[change.then]
        blocks.item(then[0].upper() + then[1:], f"if {change.if_so}", mark)
    if not found.open_changes and not found.would_change:
        blocks.note("Nothing by itself: more than one thing would have to be different.")


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
