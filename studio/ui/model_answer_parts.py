"""Start from the model's answer and fix it: the base model with the brief as its prompt writes a first draft.

What it wrote lives in the example's own draft. Once somebody fixed it, it is kept as the example's worse output, and
the reason as a tag that names the criterion ("fixed: Clarity"). Whoever reads it has seen what an arm writes: it is
noted, and refused for an input that an open blind round asks about.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from studio import models, outputs
from studio.baselines import DEFAULT_MODEL
from studio.brief import house_prompt
from studio.jobs import resident
from studio.records import Brief, Decoding, Example, Prompt, Refusal, from_json, to_json
from studio.ui import as_seen, blocks, form_fields, frame, turn_fields
from studio.ui.access import Visit
from studio.ui.form_fields import Draft

_FIXED = "fixed: "
_DECODING = Decoding()


def offer(visit: Visit, held: Draft, brief: Brief, found: Example | None) -> None:
    """Under the ideal output: ask for a draft, take it over, and see what was changed in it since."""
    started = held.form.get("model")
    if not started:
        _begin(visit, held, found)
    elif _is_done(started):
        _written(held, brief, started)
    else:
        _waiting(visit, held, brief)


def kept(form: dict[str, Any]) -> dict[str, Any]:
    """What a save adds to the example: the model's draft as its worse output and the reason as a tag. Nothing when the
    draft was not used, or is the ideal output as it stands."""
    started = form.get("model") or {}
    text = started.get("text", "").strip()
    if not started.get("used") or not text or form["ideal"].strip() in ("", text):
        return {}
    tags = [tag for tag in form.get("tags", started["tags"]) if not tag.startswith(_FIXED)]
    reason = [f"{_FIXED}{started['reason']}"] if started.get("reason") else []
    return {"worse": started["text"], "tags": (*tags, *reason)}


def _is_done(started: dict[str, Any]) -> bool:
    """Whether the model has answered, be it with nothing. A draft of an older version says so by its text."""
    return bool(started.get("done") or started["text"])


def _begin(visit: Visit, held: Draft, found: Example | None) -> None:
    here = models.present(DEFAULT_MODEL, visit.store.workspace)
    words = (
        "The base model writes a first answer, with your brief as its prompt (house prompt). You then fix it. From "
        "then on you know how it writes: your votes in a blind round of this project will not count."
    )
    st.button(
        "Start from the model's answer", key="example-model-ask", type="tertiary", icon=":material/edit_note:",
        disabled=not here or not held.form["input"].strip(), on_click=_ask, args=(visit, held, found),
        help=words if here else "The model is not on this machine yet. The Train page prepares it.",
    )  # fmt: skip


def _ask(visit: Visit, held: Draft, found: Example | None) -> None:
    form = held.again()
    asked = Prompt(form["input"], turn_fields.earlier(form), form.get("system") or "")
    example, tags = (found.id, list(found.tags)) if found else ("", [])

    def noted() -> bool:
        outputs.draft_asked(visit.store, visit.person.id, visit.project_id, asked, example)
        return True

    if frame.attempt(noted):
        started = {"asked": to_json(asked), "text": "", "done": False, "tags": tags, "reason": ""}
        held.change(lambda form: form.update(model=started))


@st.fragment(run_every=1.0)
def _waiting(visit: Visit, held: Draft, brief: Brief) -> None:
    """Asks each second until the draft is there; then the page runs again."""
    started = held.again().get("model")
    if not started or _is_done(started):
        st.rerun()
    try:
        model = models.reference(DEFAULT_MODEL, visit.store.workspace)
        arm = {"id": "draft", "system_prompt": house_prompt(brief) if brief.task else ""}
        asked = resident.of(visit.store.workspace)
        answer = asked.answer(model, from_json(Prompt, started["asked"]), arm, to_json(_DECODING))
        writing = answer is None and asked.state().models.get("writes") == "ready"
    except Refusal as refusal:
        frame.refused(refusal)
        st.button("Put it aside", key="example-model-aside", type="tertiary", on_click=_aside, args=(held,))
        return
    if answer is not None:
        text = answer.text if answer.text.strip() else ""
        held.change(lambda form: form.update(model={**started, "text": text, "done": True}))
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        title, mark = ("The model is writing", "a few seconds") if writing else ("Waking the model", "some seconds")
        blocks.item(title, "You can go on writing meanwhile.", mark)
        st.button("Do without", key="example-model-aside", type="tertiary", on_click=_aside, args=(held,))


def _written(held: Draft, brief: Brief, started: dict[str, Any]) -> None:
    ideal, text = held.form["ideal"], started["text"]
    title = models.entry(DEFAULT_MODEL).title
    with st.container(border=True, key="example-model"):
        if not text:
            blocks.note("The model wrote nothing, so there is nothing to start from. Write it yourself, or ask again.")
        elif not started.get("used"):
            as_seen.reading(text, f"The model's draft ({title}, with the brief as its prompt)")
        elif ideal.strip() == text.strip():
            blocks.note("The ideal output is the model's draft as it is. Fix it above; what you change shows here.")
        else:
            blocks.item("What you changed in the model's draft")
            blocks.difference(text, ideal)
            reasons = [c.name for c in brief.criteria]
            if reasons:
                form_fields.one(
                    held, ("model", "reason"), "Why, by the brief (criterion)", "example-model-reason", reasons,
                    placeholder="Choose what the draft did not keep",
                )  # fmt: skip
            blocks.note("Saving keeps the draft beside your text, as the worse of the two.")
        with st.container(horizontal=True):
            if text and not started.get("used"):
                label = "Use it in place of mine" if ideal.strip() else "Use it"
                st.button(label, key="example-model-use", on_click=_use, args=(held,))
            elif started.get("before"):
                st.button("Bring back what I had", key="example-model-back", on_click=_back, args=(held,))
            st.button("Put it aside", key="example-model-aside", type="tertiary", on_click=_aside, args=(held,))


def _use(held: Draft) -> None:
    def take(form: dict[str, Any]) -> None:
        form["model"] |= {"used": True, "before": form["ideal"]}
        form["ideal"] = form["model"]["text"]

    held.change(take)


def _back(held: Draft) -> None:
    def back(form: dict[str, Any]) -> None:
        form["ideal"] = form["model"]["before"]
        form["model"] |= {"used": False}

    held.change(back)


def _aside(held: Draft) -> None:
    """The model's draft goes; what is in the ideal output stays."""
    held.change(lambda form: form.pop("model", None))
