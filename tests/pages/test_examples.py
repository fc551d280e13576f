"""The examples' page: import, write, decide, undo, and what a refusal or a colleague leaves untouched."""

from __future__ import annotations

import html
import time
from dataclasses import replace

import pytest
from signed_in import opened, person, press, sound, words
from streamlit.testing.v1 import AppTest

from studio import baselines, projects
from studio import brief as brief_step
from studio.examples import acting, series, step
from studio.examples.acting import Change, change
from studio.records import Brief, Check, CheckKind, Criterion, Role, Slice, Status
from studio.store import Store, briefs, finding, views
from studio.store import examples as rows
from studio.store.finding import Filter

CSV = "question,reply,topic\nWhere is it?,On its way <b>today</b>.,delivery\n,No question,delivery\nHello?,,other\n"


@pytest.fixture
def dora(store: Store) -> tuple[str, str]:
    """(person id, session) of a designer."""
    found, session = person(store, "Dora", Role.designer)
    return found.id, session


def _project(store: Store, actor: str) -> str:
    return projects.create(store, actor, "Mine").id


def asked(at: AppTest, name: str) -> str:
    """A parameter of the address, which AppTest holds as a text or as a list of one."""
    found = at.query_params[name]
    return found if isinstance(found, str) else found[0]


def boxes(at: AppTest) -> int:
    """How many examples of the list can be selected."""
    return len([box for box in at.checkbox if box.key and box.key.startswith("examples-pick-")])


def _pasted(store: Store, session: str, project: str, text: str) -> AppTest:
    at = opened(store, session, "examples", project=project, **{"examples-view": "import"})
    at.text_area(key="import-paste").set_value(text)
    return press(at, "import-read")


def test_an_empty_list_leads_to_the_import(store: Store, dora: tuple[str, str]) -> None:
    at = opened(store, dora[1], "examples", project=_project(store, dora[0]))
    assert "Collect what it should say" in words(at)
    press(at, "ys-empty-start")
    assert at.text_area(key="import-paste")


def test_rows_are_previewed_mapped_imported_and_undone(store: Store, dora: tuple[str, str]) -> None:
    actor, session = dora
    project = _project(store, actor)
    at = _pasted(store, session, project, CSV)
    assert "2 of 3 rows in pasted rows can become examples" in words(at)
    assert "the input is empty" in words(at)
    at.selectbox(key="import-column-completion").set_value("reply")
    sound(at.run())
    at.selectbox(key="import-column-slice").set_value("topic")
    assert "On its way &lt;b&gt;today&lt;/b&gt;." in words(sound(at.run()))
    at.checkbox(key="import-approved").check()
    press(at, "import-do")
    assert "2 examples imported. 1 row refused" in words(at)
    assert [(e.slice, e.status.value) for e in rows.every(store, project)] == [
        ("delivery", "approved"), ("other", "draft"),
    ]  # fmt: skip
    batch = rows.batches(store, project)[0].id
    at = opened(store, session, "examples", project=project, **{"examples-view": "batches"})
    press(at, f"batch-undo-{batch}")
    assert "is undone" in words(at) and not rows.every(store, project)


def test_columns_nobody_knows_are_asked_for(store: Store, dora: tuple[str, str]) -> None:
    at = _pasted(store, dora[1], _project(store, dora[0]), "anfrage,antwort\nWo?,Hier.\n")
    assert "Which column of pasted rows is what?" in words(at)
    at.selectbox(key="import-column-prompt").set_value("anfrage")
    assert "1 of 1 row" in words(sound(at.run()))


def test_a_file_that_is_no_table_is_refused_in_words(store: Store, dora: tuple[str, str]) -> None:
    at = _pasted(store, dora[1], _project(store, dora[0]), "%PDF-1.7 something")
    assert "This file is a PDF" in words(at)
    press(at, "import-aside")
    assert at.text_area(key="import-paste").value == "%PDF-1.7 something"


def test_write_one_by_hand_with_the_brief_beside_it(store: Store, dora: tuple[str, str]) -> None:
    actor, session = dora
    project = projects.from_demo(store, actor, "support-replies").id
    at = opened(store, session, "examples", project=project, example="new")
    press(at, "example-add-approved")
    assert "An example needs an input" in words(at)
    at.text_area(key="example-input").set_value("Where is LF-12345?")
    at.text_area(key="example-ideal").set_value("Unfortunately we do not know.")
    at.selectbox(key="example-slice").set_value("delivery")
    assert words(sound(at.run())).count(">Broken<") == 5
    press(at, "example-add-approved")
    assert rows.every(store, project)[-1].input == "Where is LF-12345?"
    assert at.text_area(key="example-input").value == ""
    press(at, f"ys-undo-{store.recent(project, actor)[0].seq}")
    assert all(e.input != "Where is LF-12345?" for e in rows.every(store, project))


def test_select_mark_trash_and_restore(store: Store, dora: tuple[str, str]) -> None:
    actor, session = dora
    project = projects.from_demo(store, actor, "ticket-triage").id
    at = opened(store, session, "examples", project=project)
    press(at, "examples-pick-page")
    press(at, "examples-mark-in_review")
    assert rows.counts(store, project)["in_review"] == 20
    press(at, f"ys-undo-{store.recent(project, actor)[0].seq}")
    assert rows.counts(store, project)["in_review"] == 0
    first = rows.every(store, project)[0].id
    at.checkbox(key=f"examples-pick-{first}").check()
    sound(at.run())
    press(at, "examples-to-trash")
    assert rows.is_trashed(store, first)
    at = opened(store, session, "examples", project=project, **{"examples-view": "trash"})
    at.checkbox(key=f"examples-pick-{first}").check()
    sound(at.run())
    press(at, "examples-restore")
    assert not rows.is_trashed(store, first)


def test_those_that_cannot_be_approved_are_left_out_in_one_press(store: Store, dora: tuple[str, str]) -> None:
    actor, session = dora
    project = projects.from_demo(store, actor, "ticket-triage").id
    whole = len(rows.every(store, project))
    step.write(store, actor, project, input="Still to be answered", ideal="")
    at = opened(store, session, "examples", project=project)
    press(at, "examples-pick-all")
    press(at, "examples-mark-approved")
    assert "1 of the selected examples has no ideal output yet (first: “Still to be answered”)" in words(at)
    press(at, "examples-unpick-empty")
    assert f"{whole:,} selected" in words(at)
    press(at, "examples-mark-approved")
    assert f"{whole:,} examples are approved" in words(at)


def test_approvals_older_than_the_meaning_are_named_and_given_again(store: Store, dora: tuple[str, str]) -> None:
    actor, session = dora
    project = projects.from_demo(store, actor, "ticket-triage").id
    brief = briefs.latest(store, project)
    assert brief is not None
    brief_step.save(store, actor, project, brief, note="", changes_meaning=True)
    step.trash(store, actor, project, [e.id for e in rows.every(store, project)[3:]])
    at = opened(store, session, "examples", project=project)
    assert "3 examples were approved before version 2" in words(at)
    press(at, "examples-pick-stale")
    press(at, "examples-mark-approved")
    assert rows.approved_before(store, project, 2) == 0
    assert "approved before version 2" not in words(at)


def test_search_and_status_narrow_the_list(store: Store, dora: tuple[str, str]) -> None:
    project = projects.from_demo(store, dora[0], "support-replies").id
    at = opened(store, dora[1], "examples", project=project)
    at.text_input(key="examples-search").set_value("slow cooker")
    sound(at.run())
    assert boxes(at) == finding.count(store, project, Filter(text="slow cooker")) < 20
    at.text_input(key="examples-search").set_value("nothing has this")
    assert "No example matches" in words(sound(at.run()))
    press(at, "examples-show-all")
    assert at.text_input(key="examples-search").value == "" and "text" not in at.query_params


def test_a_filter_is_an_address_that_can_be_shared(store: Store, dora: tuple[str, str]) -> None:
    project = projects.from_demo(store, dora[0], "support-replies").id
    shared = {"text": "order", "slice": "delivery", "split": "test", "list-page": "2"}
    at = opened(store, dora[1], "examples", project=project, **shared)
    found = finding.count(store, project, Filter(text="order", slice="delivery", split="test"))
    assert at.text_input(key="examples-search").value == "order" and at.selectbox(key="examples-slice").value
    assert f"of {found:,}" in words(at) and "Used for" in at.button(key="examples-drop-split").label
    press(at, "examples-drop-split")
    assert "split" not in at.query_params and asked(at, "text") == "order"
    at.selectbox(key="examples-system").set_value("no")
    sound(at.run())
    at.selectbox(key="examples-author").set_value(dora[0])
    sound(at.run())
    assert asked(at, "system") == "no" and at.button(key="examples-drop-system").label.endswith("has none")
    assert at.button(key="examples-drop-author").label.endswith("Dora")
    unlisted = opened(store, dora[1], "examples", project=project, group="no such")
    assert unlisted.selectbox(key="examples-group").value == "no such" and "No example matches" in words(unlisted)
    wrong = opened(store, dora[1], "examples", project=project, status="nonsense", list_page="x", due="1")
    assert "No example matches" in words(wrong)
    press(wrong, "examples-show-all")
    assert "No example matches" not in words(wrong)


def test_a_view_is_saved_opened_renamed_and_removed(store: Store, dora: tuple[str, str]) -> None:
    project = projects.from_demo(store, dora[0], "ticket-triage").id
    at = opened(store, dora[1], "examples", project=project, text="refund")
    press(at, "examples-view-save")
    assert "A view needs a name" in words(at)
    at.text_input(key="examples-view-name").set_value("Refunds <b>")
    press(at, "examples-view-save")
    (view,) = views.every(store, project)
    assert view.wanted == Filter(text="refund")
    press(at, "examples-show-all")
    press(at, f"examples-view-open-{view.id}")
    assert asked(at, "text") == "refund"
    at.text_input(key="examples-view-name").set_value("Money back")
    press(at, "examples-view-rename")
    press(at, f"examples-view-remove-{view.id}")
    assert not views.every(store, project) and "View “Money back” removed" in words(at)
    press(at, f"ys-undo-{store.recent(project, dora[0])[0].seq}")
    assert [v.name for v in views.every(store, project)] == ["Money back"]


def test_approve_saves_what_is_written_and_goes_on(store: Store, dora: tuple[str, str]) -> None:
    actor, session = dora
    project = _project(store, actor)
    first, second = (step.write(store, actor, project, input=f"Input {n}", ideal="") for n in (1, 2))
    at = opened(store, session, "examples", project=project, example=first.id)
    time.sleep(0.4)
    press(at, f"example-approved-{first.id}")
    assert "cannot be approved without an ideal output" in words(at)
    at.text_area(key="example-ideal").set_value("An answer")
    press(at, f"example-approved-{first.id}")
    saved = rows.get(store, first.id)
    assert saved is not None and (saved.status, saved.ideal) == (Status.approved, "An answer")
    assert at.query_params["example"] in (second.id, [second.id])
    press(at, f"example-rejected-{second.id}")
    assert "quicker than reading" in words(at)


def test_a_stale_save_shows_both_and_loses_neither(store: Store, dora: tuple[str, str]) -> None:
    actor, session = dora
    project = _project(store, actor)
    found = step.write(store, actor, project, input="Input", ideal="First")
    at = opened(store, session, "examples", project=project, example=found.id)
    at.text_area(key="example-ideal").set_value("Mine")
    sound(at.run())
    step.edit(store, actor, project, found, ideal="Theirs")
    press(at, "example-save")
    assert "Somebody saved revision 2" in words(at) and "Theirs" in words(at)
    assert at.text_area(key="example-ideal").value == "Mine"
    press(at, "example-mine")
    press(at, "example-save")
    saved = rows.get(store, found.id)
    assert saved is not None and (saved.revision, saved.ideal) == (3, "Mine")
    press(at, "example-restore-1")
    saved = rows.get(store, found.id)
    assert saved is not None and (saved.revision, saved.ideal) == (4, "First")


def test_going_on_with_mine_keeps_what_a_colleague_changed_elsewhere(store: Store, dora: tuple[str, str]) -> None:
    actor, session = dora
    project = _project(store, actor)
    found = step.write(store, actor, project, input="Input", ideal="First", tags=("old",))
    at = opened(store, session, "examples", project=project, example=found.id)
    at.text_area(key="example-ideal").set_value("Mine")
    sound(at.run())
    change(store, actor, project, [found.id], Change(add_tags=("refunds",), review_by="2031-05-01"))
    press(at, "example-save")
    assert "They changed without touching yours: tags and look again by" in words(at)
    assert "Saved by somebody else" not in words(at), "nothing collides"
    press(at, "example-mine")
    press(at, "example-save")
    saved = rows.get(store, found.id)
    assert saved is not None
    assert (saved.ideal, saved.tags, saved.review_by) == ("Mine", ("old", "refunds"), "2031-05-01")


def test_both_tag_and_both_write_and_only_the_text_collides(store: Store, dora: tuple[str, str]) -> None:
    actor, session = dora
    project = _project(store, actor)
    found = step.write(store, actor, project, input="Input", ideal="First", slice="old", tags=("old",))
    at = opened(store, session, "examples", project=project, example=found.id)
    at.text_area(key="example-ideal").set_value('{"mine": "yes"}')
    at.multiselect(key="example-tags").set_value([])
    sound(at.run())
    step.edit(store, actor, project, found, ideal='{"theirs": "yes"}', slice="new", tags=("old", "theirs"))
    sound(at.run())
    said = words(at)
    assert "<dt>theirs</dt>" in said and "<dt>mine</dt>" in said, "shown as seen"
    press(at, "example-mine")
    press(at, "example-save")
    saved = rows.get(store, found.id)
    assert saved is not None
    assert (saved.ideal, saved.slice, saved.tags) == ('{"mine": "yes"}', "new", ("theirs",))


def test_a_draft_goes_on_when_only_who_looks_after_it_changed(store: Store, dora: tuple[str, str]) -> None:
    actor, session = dora
    project = _project(store, actor)
    found = step.write(store, actor, project, input="Input", ideal="First")
    at = opened(store, session, "examples", project=project, example=found.id)
    at.text_area(key="example-ideal").set_value("Mine")
    sound(at.run())
    at.selectbox(key=f"record-assigned-{found.id}-1").set_value(actor)
    sound(at.run())
    assert "Somebody saved" not in words(at) and at.text_area(key="example-ideal").value == "Mine"
    step.assign(store, actor, project, [found.id], "")
    press(at, "example-save")
    saved = rows.get(store, found.id)
    assert saved is not None and (saved.revision, saved.ideal, saved.assigned) == (4, "Mine", "")


def test_a_revision_taken_back_and_written_anew_is_noticed(store: Store, dora: tuple[str, str]) -> None:
    actor, session = dora
    project = _project(store, actor)
    found = step.write(store, actor, project, input="Input", ideal="First")
    step.edit(store, actor, project, found, ideal="Second")
    at = opened(store, session, "examples", project=project, example=found.id)
    at.text_area(key="example-ideal").set_value("Mine")
    sound(at.run())
    store.undo(store.version, actor)
    step.edit(store, actor, project, found, ideal="Theirs")
    press(at, "example-save")
    saved = rows.get(store, found.id)
    assert saved is not None and saved.ideal == "Theirs" and "Theirs" in words(at)


def test_a_pm_reads_and_changes_nothing(store: Store, dora: tuple[str, str]) -> None:
    project = projects.from_demo(store, dora[0], "ticket-triage").id
    _, session = person(store, "Pia", Role.pm)
    at = opened(store, session, "examples", project=project)
    assert not boxes(at) and not [b for b in at.button if b.key and b.key.startswith("examples-mark")]
    found = rows.every(store, project)[0]
    at = opened(store, session, "examples", project=project, example=found.id)
    assert [t.key for t in at.text_area] == [f"record-comment-{found.id}"]  # a PM may remark on it
    assert "<dt>category</dt>" in words(at), "JSON is shown as a tree"
    press(at, "example-raw")
    assert found.ideal in html.unescape(words(at)), "and as it was written, one key away"


def test_the_undo_list_says_which_thing(store: Store) -> None:
    found = projects.from_demo(store, "maker", "support-replies").id
    dora, session = person(store, "Dora", Role.designer)
    example = rows.every(store, found)[0]
    step.edit(store, dora.id, found, example, ideal="Another answer.")
    baselines.add_prompt(store, dora.id, found, name="House <prompt>")
    said = words(opened(store, session, "examples", project=found))
    start = " ".join(example.input.split())[:20]
    assert f"Example {example.row} edited: “{start}" in html.unescape(said)
    assert "Prompt “House &lt;prompt&gt;” added" in said


def test_everything_in_a_view_is_changed_in_one_step(store: Store, dora: tuple[str, str]) -> None:
    actor, session = dora
    project = projects.from_demo(store, actor, "support-replies").id
    ids = finding.ids(store, project, Filter(slice="delivery"))
    at = opened(store, session, "examples", project=project, slice="delivery")
    press(at, "examples-pick-all")
    assert f"The {len(ids):,} selected" in words(at)
    at.selectbox(key="acting-what").set_value("recheck")
    sound(at.run())
    press(at, "acting-do")
    assert "Say why they must be looked at again" in words(at)
    at.text_input(key="acting-recheck").set_value("The carrier changed")
    press(at, "acting-do")
    assert finding.ids(store, project, Filter(recheck=True)) == ids
    assert "To look at again: The carrier changed" in words(at)
    press(at, f"ys-undo-{store.recent(project, actor)[0].seq}")
    assert finding.count(store, project, Filter(recheck=True)) == 0
    press(at, "examples-pick-page")
    at.selectbox(key="acting-what").set_value("assigned")
    sound(at.run())
    at.selectbox(key="acting-assigned").set_value(actor)
    press(at, "acting-do")
    assert finding.count(store, project, Filter(assigned=actor)) == 20
    assert "20 examples given to Dora" in words(at)


def test_what_mentions_a_phrase_is_sent_to_be_looked_at_again(store: Store, dora: tuple[str, str]) -> None:
    actor, session = dora
    project = _project(store, actor)
    first, _ = (
        step.write(store, actor, project, input=text, ideal="An answer", status=Status.approved)
        for text in ("Your refund policy?", "Hello?")
    )
    at = opened(store, session, "examples", project=project, **{"examples-view": "recheck"})
    assert "Nothing waits" in words(at) and "No date has passed" in words(at)
    at.text_input(key="recheck-phrase").set_value("refunds policy")
    assert "capitals make no difference" in words(sound(at.run()))
    at.text_input(key="recheck-phrase").set_value("REFUND policy")
    sound(at.run())
    assert at.button(key="recheck-send").disabled
    at.text_input(key="recheck-reason").set_value("It changed")
    sound(at.run())
    press(at, "recheck-send")
    assert "1 example will be looked at again" in words(at) and "To look at again: It changed" in words(at)
    press(at, f"recheck-open-{first.id}")
    time.sleep(0.4)
    press(at, f"example-approved-{first.id}")
    found = rows.get(store, first.id)
    assert found is not None and (found.recheck, found.status) == ("", Status.approved)


def test_what_was_approved_before_the_brief_changed_is_there_to_look_at_again(
    store: Store, dora: tuple[str, str]
) -> None:
    actor, session = dora
    project = _project(store, actor)
    for version, task in enumerate(("Answer", "Answer in verse")):
        brief = Brief(task=task, version=version)
        brief_step.save(store, actor, project, brief, note="", changes_meaning=True)
        made = step.write(store, actor, project, input=f"{task}: hello?", ideal="Hi", status=Status.approved)
    first = rows.every(store, project)[0]
    at = opened(store, session, "examples", project=project, **{"examples-view": "recheck"})
    assert "Approved before the brief changed: 1" in words(at) and made.id not in words(at)
    assert "Look again (1)" in at.segmented_control(key="examples-view").options
    press(at, f"stale-open-{first.id}")
    time.sleep(0.4)
    press(at, f"example-approved-{first.id}")
    assert finding.count(store, project, Filter(stale=True)) == 0


def test_json_of_a_file_is_previewed_as_it_is_seen(store: Store, dora: tuple[str, str]) -> None:
    file = 'prompt,completion\nSort it,"{""category"": ""<b>late</b>""}"\n'
    at = _pasted(store, dora[1], _project(store, dora[0]), file)
    assert "<dt>category</dt><dd><span>&lt;b&gt;late&lt;/b&gt;</span></dd>" in words(at)


def test_an_example_in_two_lists_to_look_at_again_counts_once(store: Store, dora: tuple[str, str]) -> None:
    project = _project(store, dora[0])
    made = step.write(store, dora[0], project, input="Hello?", ideal="Hi", review_by="2020-01-01")
    step.write(store, dora[0], project, input="Late?", ideal="No", expires="2020-01-01")
    change(store, dora[0], project, [made.id], Change(recheck="The policy changed"))
    at = opened(store, dora[1], "examples", project=project, **{"examples-view": "recheck"})
    assert "Look again (2)" in at.segmented_control(key="examples-view").options
    assert f"recheck-open-{made.id}" in {b.key for b in at.button} and f"due-open-{made.id}" in {
        b.key for b in at.button
    }


def test_coverage_names_the_holes_and_opens_an_example_for_one(store: Store, dora: tuple[str, str]) -> None:
    project = projects.from_demo(store, dora[0], "support-replies").id
    at = opened(store, dora[1], "examples", project=project, **{"examples-view": "coverage"})
    said = words(at)
    assert "Write these next" in said and "none yet" in said and "Repeats the order number" in said
    holes = [b.key for b in at.button if b.key and b.key.startswith("coverage-write-")]
    slice, kind = holes[0].removeprefix("coverage-write-").split("-")
    press(at, holes[0])
    assert asked(at, "example") == "new"
    assert at.selectbox(key="example-slice").value == slice and (kind in at.multiselect(key="example-kinds").value)


def test_coverage_opens_a_criterion_by_hard_kind_and_an_example_that_is_to_show_it(
    store: Store, dora: tuple[str, str]
) -> None:
    project = projects.from_demo(store, dora[0], "support-replies").id
    brief = briefs.latest(store, project)
    assert brief is not None
    sought = Criterion("Thanks for waiting", how_to_tell="It thanks", checks=(Check(CheckKind.required, ("xyzzy",)),))
    wanted = replace(brief, criteria=(*brief.criteria, sought))
    brief_step.save(store, dora[0], project, wanted, note="", changes_meaning=False)
    at = opened(store, dora[1], "examples", project=project, **{"examples-view": "coverage"})
    assert "criterion is somewhere too rarely shown" in words(at) or "criteria are somewhere" in words(at)
    before = words(at).count("ys-inner")
    at.selectbox(key="coverage-open").select(sought.name).run()
    assert words(at).count("ys-inner") == before > 0
    slice = brief.slices[0].name
    press(at, f"coverage-write-{slice}--{sought.name}")
    assert at.selectbox(key="example-slice").value == slice
    assert "This one should show “Thanks for waiting”" in words(at) and "It thanks" in words(at)


def test_coverage_asks_for_a_brief_first(store: Store, dora: tuple[str, str]) -> None:
    at = opened(store, dora[1], "examples", project=_project(store, dora[0]), **{"examples-view": "coverage"})
    assert "The brief names no kinds of input yet" in words(at)


def test_a_selection_stays_in_its_project(store: Store, dora: tuple[str, str]) -> None:
    actor, session = dora
    first, second = (projects.create(store, actor, name).id for name in ("First", "Second"))
    for project in (first, second):
        for n in range(3):
            step.write(store, actor, project, input=f"Question {n}", ideal="Answer")
    at = opened(store, session, "examples", project=first)
    press(at, "examples-pick-page")
    assert at.button(key="examples-to-trash")
    at.query_params["project"] = second
    sound(at.run())
    assert "examples-to-trash" not in [button.key for button in at.button]
    assert "The 3 that match" in words(at)
    assert not any(box.value for box in at.checkbox if box.key and box.key.startswith("examples-pick-"))


def test_each_bar_acts_on_its_own_side_and_the_trash_has_pages(store: Store, dora: tuple[str, str]) -> None:
    actor, session = dora
    project = projects.create(store, actor, "Mine").id
    ids = [step.write(store, actor, project, input=f"Question {n}", ideal="Answer").id for n in range(104)]
    step.trash(store, actor, project, ids[:102])
    at = opened(store, session, "examples", project=project)
    press(at, "examples-pick-page")  # the two that are listed
    at.query_params["examples-view"] = "trash"
    at.session_state["examples-view"] = "trash"
    sound(at.run())
    assert at.button(key="examples-restore").disabled
    at.session_state["examples-trash-page"] = 2
    sound(at.run())
    assert boxes(at) == 2
    shown = [box.key for box in at.checkbox if box.key and box.key.startswith("examples-pick-")]
    for key in shown:
        at.checkbox(key=key).check()
        sound(at.run())
    assert at.button(key="examples-restore").label == "Bring 2 back"
    at.session_state["examples-view"] = "list"
    sound(at.run())
    assert at.button(key="acting-do").label == "Change 2 examples"
    press(at, "examples-to-trash")
    assert finding.count(store, project, Filter(trashed=True)) == 104
    assert finding.count(store, project, Filter()) == 0


def test_an_import_says_which_approvals_it_did_not_take(store: Store, dora: tuple[str, str]) -> None:
    actor, session = dora
    project = projects.create(store, actor, "Mine").id
    brief = Brief(task="Answer", slices=(Slice("refunds", second_approval=True),))
    brief_step.save(store, actor, project, brief, note="", changes_meaning=True)
    text = "prompt,completion,slice,status\na?,,,approved\nb?,Yes.,refunds,approved\nc?,Yes.,,approved\nd?,,,rejected\n"
    at = _pasted(store, session, project, text)
    press(at, "import-do")
    said = " ".join([words(at), *(e.value for e in [*at.success, *at.info, *at.markdown, *at.toast])])
    assert "1 approved row is a draft: the ideal output is still to be written." in said
    assert "1 approved row is in review: a second approval is asked for, and yours counts as the first." in said
    assert rows.counts(store, project) == {"draft": 1, "in_review": 1, "approved": 1, "rejected": 1}
    assert "Who approved an example and who it is assigned to stay here." in words(at)


def test_all_that_match_are_changed_in_parts_and_undone_as_one(store: Store, dora: tuple[str, str]) -> None:
    actor, session = dora
    project, count = _project(store, actor), acting.PART + 20
    csv = "prompt,completion\n" + "".join(f"Question {n},Answer {n}\n" for n in range(count))
    at = _pasted(store, session, project, csv)
    press(at, "import-do")
    press(at, "examples-pick-all")
    press(at, "examples-mark-approved")
    assert f"{count} examples are approved" in words(at) and f"{count} examples marked approved" in words(at)
    assert finding.count(store, project, Filter(status="approved")) == count
    press(at, f"ys-undo-{store.recent(project, actor)[0].seq}")
    assert "Undone." in words(at) and finding.count(store, project, Filter(status="draft")) == count
    begun = acting.begin(store, actor, project, finding.ids(store, project, Filter()), Change(slice="x"))
    with pytest.raises(ZeroDivisionError):  # the server ends here
        series.go_on(store, begun.id, lambda share: None if share == 0 else 1 / 0)  # type: ignore[arg-type, return-value]
    at = opened(store, session, "examples", project=project)
    assert f"{acting.PART} of {count} are done" in words(at)
    press(at, f"long-step-on-{begun.id}")
    assert finding.count(store, project, Filter(slice="x")) == count and "Stopped on the way" not in words(at)
