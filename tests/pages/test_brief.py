"""The brief's page: write, refuse, save, compare, restore; drafts that survive; and the form without a page."""

from __future__ import annotations

import dataclasses
import html
import json

import pytest
from round_seed import frozen, trained
from signed_in import opened, person, press, sound, words

from studio import brief as step
from studio import brief_form, projects, starts
from studio.examples import step as examples_step
from studio.paths import data_dir
from studio.records import Brief, Check, CheckKind, Criterion, Role, Slice, Status, from_json, to_json
from studio.store import Store, briefs, examples, finding
from studio.store.finding import Filter


@pytest.mark.parametrize("demo", [d.folder for d in projects.DEMOS])
def test_a_brief_comes_back_from_its_form(demo: str) -> None:
    found = from_json(Brief, json.loads((data_dir() / demo / "brief.json").read_text("utf-8")))
    assert brief_form.to_brief(json.loads(json.dumps(brief_form.to_form(found)))) == found


@pytest.mark.parametrize(
    "allowed",
    [("low", "high"), (True, False), ("true", "1"), (1, 2.5), ("a, b", "c"), ("[x",), (), ("null",), ("NaN",)],
)
def test_the_values_of_a_field_read_back_as_they_were(allowed: tuple[object, ...]) -> None:
    check = Check(CheckKind.json_fields, fields={"key": allowed})
    found = Brief("t", criteria=(Criterion("c", checks=(check,)),))
    back = brief_form.to_brief(brief_form.to_form(found)).criteria[0].checks[0].fields["key"]
    assert (back, [type(v) for v in back]) == (allowed, [type(v) for v in allowed])


def test_renaming_a_slice_keeps_the_criteria_that_name_it() -> None:
    form = brief_form.to_form(Brief("t", criteria=(Criterion("c", slices=("old",)),), slices=(Slice("old"),)))
    form["slices"][0]["name"] = "new"
    assert brief_form.to_brief(form).criteria[0].slices == ("new",)


def test_what_was_removed_comes_back_to_its_place() -> None:
    form = brief_form.to_form(Brief("t", criteria=(Criterion("a"), Criterion("b"), Criterion("c"))))
    brief_form.move(form, "criteria", "c2", -1)
    brief_form.remove(form, "criteria", "c2")
    brief_form.put_back(form)
    assert [c.name for c in brief_form.to_brief(form).criteria] == ["a", "c", "b"]


def test_from_an_empty_project_to_a_saved_brief_and_back(store: Store) -> None:
    dora, session = person(store, "Dora", Role.designer)
    project = projects.create(store, dora.id, "Mine").id
    at = press(opened(store, session, "brief", project=project), "ys-empty-start")
    at.text_input(key="brief-c0-name").set_value("Says when")
    press(at, "brief-save-do")
    assert "The brief needs its task" in words(at)
    assert at.text_input(key="brief-c0-name").value == "Says when"
    at.text_area(key="brief-task").set_value("Answer <b>kindly</b>")
    sound(at.run())
    # Another browser of the same person, as after a reload: the draft is there.
    again = opened(store, session, "brief", project=project)
    assert again.text_area(key="brief-task").value == "Answer <b>kindly</b>"
    press(again, "brief-save-do")
    saved = briefs.latest(store, project)
    assert saved is not None and saved.version == 1 and saved.criteria[0].name == "Says when"
    assert "Answer &lt;b&gt;kindly&lt;/b&gt;" in words(again)
    press(again, f"ys-undo-{store.recent(project, dora.id)[0].seq}")
    assert briefs.latest(store, project) is None
    assert "Write down what good looks like" in words(again)
    early = opened(store, session, "brief", project=project, **{"brief-view": "advice"})
    assert "Nobody has written a prompt for it yet" in words(early)


def test_a_check_is_added_in_plain_words_and_tried(store: Store) -> None:
    dora, session = person(store, "Dora", Role.designer)
    project = projects.create(store, dora.id, "Mine").id
    at = press(opened(store, session, "brief", project=project), "ys-empty-start")
    press(at, "brief-c0-add-required")
    at.text_area(key="brief-check-c0-k0-phrases").set_value("today\nwithin")
    at.text_area(key="brief-try-c0-output").set_value("You have it Today.")
    assert 'ys-kept" role="status">Kept' in words(sound(at.run()))
    at.text_area(key="brief-try-c0-output").set_value("Soon.")
    assert ">Broken<" in words(sound(at.run()))
    at.text_area(key="brief-check-c0-k0-phrases").set_value("")
    assert "has no phrase to look for" in words(sound(at.run()))


def test_the_new_checks_are_written_and_tried(store: Store) -> None:
    dora, session = person(store, "Dora", Role.designer)
    project = projects.create(store, dora.id, "Mine").id
    at = press(opened(store, session, "brief", project=project), "ys-empty-start")
    press(at, "brief-c0-add-json_schema")
    at.text_area(key="brief-check-c0-k0-schema").set_value('{"$ref": "https://example.org/a"}')
    at.text_area(key="brief-try-c0-output").set_value("[1]")
    assert "nothing is fetched" in words(sound(at.run()))
    at.text_area(key="brief-check-c0-k0-schema").set_value('{"type": "array"}')
    assert ">Kept<" in words(sound(at.run()))
    press(at, "brief-c0-add-max_grade")
    assert "It reads at school grade" in words(at)


def test_a_scale_and_a_second_approval_are_written_saved_and_read(store: Store) -> None:
    dora, session = person(store, "Dora", Role.designer)
    ines, _ = person(store, "Ines", Role.designer)
    project = projects.create(store, dora.id, "Mine").id
    at = press(opened(store, session, "brief", project=project), "ys-empty-start")
    at.text_area(key="brief-task").set_value("Answer.")
    at.text_input(key="brief-c0-name").set_value("Warm")
    at.radio(key="brief-c0-answer").set_value(brief_form.LEVELS)
    press(at, "brief-add-slice")
    at.text_input(key="brief-slice-s0-name").set_value("refunds")
    at.checkbox(key="brief-slice-s0-second_approval").set_value(True)
    sound(at.run())
    press(at, "brief-save-do")
    assert "not every level says what it looks like" in words(at)
    for level in range(1, 6):
        at.text_area(key=f"brief-c0-level_{level}").set_value(f"<b>level {level}</b>")
    at.multiselect(key="brief-slice-s0-experts").set_value([ines.id])
    press(at, "brief-save-do")
    saved = briefs.latest(store, project)
    assert saved is not None and saved.slices[0].experts == (ines.id,) and len(saved.criteria[0].scale) == 5
    shown = words(at)
    assert "&lt;b&gt;level 5&lt;/b&gt;" in shown and "Two people approve it, one of them Ines." in shown
    step.save(store, dora.id, project, dataclasses.replace(saved, criteria=()), note="", changes_meaning=True)
    at = opened(store, session, "brief", project=project, **{"brief-view": "history"})
    assert "5 of 5: &lt;b&gt;level 5" in words(at)
    press(at, "brief-restore-1")
    back = briefs.latest(store, project)
    assert back == dataclasses.replace(saved, version=3)


def test_a_ready_start_becomes_the_draft_and_nothing_else(store: Store) -> None:
    dora, session = person(store, "Dora", Role.designer)
    project = projects.create(store, dora.id, "Mine").id
    at = opened(store, session, "brief", project=project)
    for start in starts.STARTS:
        assert start.title in words(at) and f"<p>{html.escape(start.brief.criteria[0].how_to_tell)}</p>" in words(at)
    press(at, "brief-start-extraction")
    assert "Make it yours: the fields" in words(at)
    assert briefs.latest(store, project) is None
    press(at, "brief-save-do")
    saved = briefs.latest(store, project)
    assert saved is not None and saved.criteria == starts.named("extraction").brief.criteria


def test_an_exemplar_is_picked_from_the_examples(store: Store) -> None:
    dora, session = person(store, "Dora", Role.designer)
    project = projects.from_demo(store, dora.id, "support-replies").id
    rejected = finding.page(store, project, Filter(text="kettle"), limit=1).examples[0]
    edited = dataclasses.replace(rejected, revision=rejected.revision + 1, worse="Sorry!", status=Status.rejected)
    store.act("example.saved", dora.id, {"example": to_json(edited)}, project)
    at = opened(store, session, "brief", project=project, **{"brief-view": "write"})
    press(at, "brief-open-c0")
    at.text_input(key="brief-c0-pick-text").set_value("no such words")
    assert "No example matches" in words(sound(at.run()))
    at.text_input(key="brief-c0-pick-text").set_value("kettle")
    at.segmented_control(key="brief-c0-pick-status").set_value("rejected")
    sound(at.run())
    press(at, f"brief-c0-take-{edited.id}-good")
    assert at.text_area(key="brief-c0-good").value == edited.ideal
    press(at, f"brief-c0-take-{edited.id}-worse")
    assert at.text_area(key="brief-c0-bad").value == "Sorry!"
    examples_step.write(store, dora.id, project, input="Sort this teapot", ideal='{"category": "teapots"}')
    at.text_input(key="brief-c0-pick-text").set_value("teapot")
    at.segmented_control(key="brief-c0-pick-status").set_value("")
    assert "<dt>category</dt>" in words(sound(at.run())), "JSON is shown as a tree"


def test_what_predates_a_new_meaning_is_named_and_counted_with_a_way_to_it(store: Store) -> None:
    dora, session = person(store, "Dora", Role.designer)
    project = projects.from_demo(store, dora.id, "support-replies").id
    assert "Made before a later change" not in words(opened(store, session, "brief", project=project))
    made = frozen(store, dora.id, project, 20)
    run = trained(store, dora.id, project, made)
    first = briefs.latest(store, project)
    assert first is not None
    step.save(store, dora.id, project, first, note="", changes_meaning=False)
    assert step.stale(store, project)[1] == []
    told = step.consequences(store, project)
    step.save(store, dora.id, project, dataclasses.replace(first, version=2), note="", changes_meaning=True)
    at = opened(store, session, "brief", project=project)
    approved = examples.counts(store, project)["approved"]
    assert f"{approved:,} examples were approved before version 3" in words(at)
    assert told[1:] == step.stale(store, project)[1][1:]
    assert any(said.startswith("Dataset 1 (") for said in told) and any("learnt from the old" in t for t in told)
    assert run
    link = next(e for e in at.get("page_link") if e.proto.label == f"Look at these {approved:,} again")
    assert "stale=1" in link.proto.query_string


def test_people_answer_and_the_advice_follows(store: Store) -> None:
    dora, session = person(store, "Dora", Role.designer)
    project = projects.from_demo(store, dora.id, "support-replies").id
    at = opened(store, session, "brief", project=project, **{"brief-view": "advice"})
    assert "Keep prompting." in words(
        at
    ) and "This may still change: nobody knows yet whether it needs fresh facts" in words(at)
    at.radio(key="advice-facts").set_value("yes")
    assert "Use retrieval" in words(sound(at.run())) and "Answered by Dora" in words(at)
    press(at, f"ys-undo-{store.recent(project, dora.id)[0].seq}")
    assert at.radio(key="advice-facts").value == "" and "Keep prompting." in words(at)


def test_a_new_version_says_what_it_makes_stale_and_can_be_brought_back(store: Store) -> None:
    dora, session = person(store, "Dora", Role.designer)
    project = projects.from_demo(store, dora.id, "support-replies").id
    at = opened(store, session, "brief", project=project, **{"brief-view": "write"})
    at.text_area(key="brief-task").set_value("Answer in one line.")
    press(at, "brief-save-do")
    assert "Say first whether this version changes" in words(at)
    at.radio(key="brief-meaning").set_value("changes")
    approved = examples.counts(store, project)["approved"]
    assert f"{approved:,} approved examples will ask to be looked at again" in words(sound(at.run()))
    at.text_input(key="brief-note").set_value("Shorter")
    press(at, "brief-save-do")
    assert "Version 2 is saved" in words(at)
    at = opened(store, session, "brief", project=project, **{"brief-view": "history"})
    assert "<ins>" in words(at) and "<del>" in words(at)
    press(at, "brief-restore-1")
    latest = briefs.latest(store, project)
    assert latest is not None and latest.version == 3 and latest.task.startswith("Answer a customer")


def test_somebody_saved_in_between(store: Store) -> None:
    dora, session = person(store, "Dora", Role.designer)
    pia, _ = person(store, "Pia", Role.pm)
    project = projects.from_demo(store, dora.id, "ticket-triage").id
    at = opened(store, session, "brief", project=project, **{"brief-view": "write"})
    at.text_area(key="brief-audience").set_value("Mine")
    sound(at.run())
    first = briefs.latest(store, project)
    assert first is not None
    step.save(store, pia.id, project, first, note="Theirs", changes_meaning=False)
    at.radio(key="brief-meaning").set_value("minor")
    press(at, "brief-save-do")
    assert "Somebody saved version 2" in words(at) and "Pia saved version 2" in words(at)
    assert at.text_area(key="brief-audience").value == "Mine"
    press(at, "brief-go-on")
    press(at, "brief-save-do")
    latest = briefs.latest(store, project)
    assert latest is not None and (latest.version, latest.audience) == (3, "Mine")


def test_a_reviewer_is_not_let_in(store: Store) -> None:
    dora, _ = person(store, "Dora", Role.designer)
    project = projects.from_demo(store, dora.id, "ticket-triage").id
    _, session = person(store, "Rosa", Role.reviewer)
    at = opened(store, session, "home", project=project)
    assert "Tickets sorted as JSON" not in words(at)
    with pytest.raises(AssertionError, match="Could not find page"):
        opened(store, session, "brief", project=project)
