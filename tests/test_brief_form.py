"""The brief without a page: the form, the readable difference, and what a prompt says of it."""

from __future__ import annotations

import json

import pytest

from studio import brief as step
from studio import brief_form
from studio.records import Brief, Check, CheckKind, Criterion, Slice

LEVELS = ("Rude.", "Stiff.", "Polite.", "Friendly.", "As if a person cared.")
FULL = Brief(
    "Answer.",
    criteria=(
        Criterion("Warm", scale=LEVELS),
        Criterion("Label", checks=(Check(CheckKind.one_of, phrases=("yes", "no")),), target=0.98),
        Criterion("Shape", checks=(Check(CheckKind.json_schema, schema='{"type": "object"}'),)),
        Criterion("Plain", checks=(Check(CheckKind.max_grade, limit=8), Check(CheckKind.min_words, limit=3))),
    ),
    slices=(Slice("refunds", critical=True, second_approval=True, experts=("p1",)), Slice("rest")),
)


def test_the_form_keeps_every_kind_of_check_the_scale_and_the_second_approval() -> None:
    assert brief_form.to_brief(json.loads(json.dumps(brief_form.to_form(FULL)))) == FULL


def test_a_draft_of_before_these_fields_still_becomes_a_brief() -> None:
    form = brief_form.to_form(Brief("t", criteria=(Criterion("c", checks=(Check(CheckKind.max_words, limit=9),)),),
                                    slices=(Slice("s"),)))  # fmt: skip
    for item, names in (
        (form["slices"][0], ("second_approval", "experts")), (form["criteria"][0], ("answer", "target")),
    ):  # fmt: skip
        for name in names:
            del item[name]
    del form["criteria"][0]["checks"][0]["schema"]
    assert brief_form.to_brief(form).criteria[0].checks[0].limit == 9


def test_yes_or_no_drops_the_levels_and_one_approval_the_experts() -> None:
    form = brief_form.to_form(FULL)
    form["criteria"][0]["answer"] = brief_form.YES_NO
    form["slices"][0]["second_approval"] = False
    made = brief_form.to_brief(form)
    assert made.criteria[0].scale == () and made.slices[0].experts == ()


def test_the_difference_is_said_in_words_and_names() -> None:
    plain = Brief("Answer.", criteria=(Criterion("Warm"),), slices=(Slice("refunds"), Slice("rest")))
    changes = {c.what: c for c in step.diff(plain, FULL, {"p1": "Ines"})}
    assert "5 of 5: As if a person cared." in changes["Criterion “Warm”"].after
    assert "Two people approve it, one of them Ines" in changes["Slice “refunds”"].after
    assert "is nothing but “yes” or “no”" in changes["Criterion “Label”"].after
    assert "keeps the schema" in changes["Criterion “Shape”"].after
    assert "school grade 8 or below" in changes["Criterion “Plain”"].after
    assert list(changes)[0] == "Criterion “Warm”" and "Slice “rest”" not in changes


def test_the_house_prompt_states_every_rule_that_a_machine_checks() -> None:
    checks = (
        Check(CheckKind.required, phrases=("Your Linden Library",)),
        Check(CheckKind.forbidden, phrases=("inconvenience",)),
        Check(CheckKind.max_words, limit=40),
    )
    prompt = step.house_prompt(Brief("Answer.", criteria=(Criterion("Says who we are", checks=checks),)))
    assert "1. Says who we are\n" in prompt, "nothing hangs after a name without an explanation"
    assert "the answer contains “Your Linden Library”" in prompt
    assert "the answer does not contain “inconvenience”" in prompt and "at most 40 words" in prompt


@pytest.mark.parametrize("said", ["yes, no", '{"type": "object"}', "As if a person cared."])
def test_the_house_prompt_says_what_a_model_cannot_guess(said: str) -> None:
    assert said in step.house_prompt(FULL)
