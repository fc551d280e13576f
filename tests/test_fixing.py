"""What is offered for a finding does away with it, in one act that undo takes back; every check has its entry."""

from __future__ import annotations

import dataclasses

import pytest

from studio import brief as brief_step
from studio import checking, fixing, health, projects
from studio.examples import redacting, series, step
from studio.health import Finding
from studio.records import Brief, Check, CheckKind, Consent, Criterion, Example, Refusal, Split, Status
from studio.store import Store, examples, finding
from studio.store.finding import Filter


@pytest.fixture
def project(store: Store) -> str:
    made = projects.create(store, "ann", "Mine").id
    brief_step.save(store, "ann", made, Brief(task="Answer customers."), note="", changes_meaning=True)
    return made


def write(store: Store, project: str, input: str, ideal: str = "A fine answer to it.", **more: object) -> Example:
    return step.write(store, "ann", project, input=input, ideal=ideal, status=Status.approved, **more)  # type: ignore[arg-type]


def found(store: Store, project: str, check: str) -> Finding:
    (only,) = [f for f in checking.now(store, project).checkup.report.findings if f.check == check]
    return only


def fix(store: Store, project: str, check: str, name: str) -> int:
    (chosen,) = [each for each in fixing.FIXES[check] if each.name == name]
    by_id = {e.id: e for e in examples.every(store, project)}
    return chosen.do(store, "ann", project, found(store, project, check), by_id)


def test_every_check_has_something_to_do() -> None:
    rule = Criterion("Short", checks=(Check(CheckKind.max_words, limit=5),))
    rows = [Example(f"e{i}", f"Question {i}", "An answer", status=Status.approved) for i in range(30)]
    checks = {f.check for f in health.report(rows, Brief(criteria=(rule,)), lambda *_: True).findings}
    assert "rule_broken" in checks
    assert checks - set(fixing.FIXES) - set(fixing.ELSEWHERE) - fixing.ONE_BY_ONE == set()


def test_of_duplicates_the_approved_one_stays(store: Store, project: str) -> None:
    draft = step.write(store, "ann", project, input="Where is it?", ideal="A fine answer to it.")
    kept = write(store, project, "where is it")
    write(store, project, "Where is it")
    assert fix(store, project, "exact_duplicates", "one") == 2
    assert [e.id for e in examples.every(store, project)] == [kept.id]
    store.undo(store.version, "ann")
    assert len(examples.every(store, project)) == 3
    assert fixing.keep_only(store, "ann", project, (draft.id, kept.id), draft.id, {}) == 1
    assert kept.id not in [e.id for e in examples.every(store, project)]


def test_what_was_changed_or_trashed_since_the_check_is_left_alone(store: Store, project: str) -> None:
    one, other = write(store, project, "Where is it?"), write(store, project, "where is it")
    read, seen = found(store, project, "exact_duplicates"), {e.id: e for e in (one, other)}
    (fix,) = fixing.FIXES["exact_duplicates"]
    step.trash(store, "bob", project, [one.id])
    with pytest.raises(Refusal, match="1 example was changed since"):
        fixing.mend(store, "ann", project, fix, read, seen)
    step.trash(store, "bob", project, [one.id], trashed=False)
    step.edit(store, "bob", project, other, ideal="Quite another one.")
    with pytest.raises(Refusal, match="Nothing was changed"):
        fixing.keep_only(store, "ann", project, (one.id, other.id), one.id, seen)
    assert len(examples.every(store, project)) == 2
    store.undo(store.version, "bob")
    assert fixing.mend(store, "ann", project, fix, read, seen) == 1


def test_what_is_so_already_is_not_offered(store: Store, project: str) -> None:
    by_id = {e.id: e for e in (step.write(store, "ann", project, input=f"Question {i}", ideal="") for i in range(2))}
    assert fixing.offered(found(store, project, "empty_ideals"), by_id) == ()
    one = step.edit(store, "ann", project, next(iter(by_id.values())), status=Status.in_review)
    by_id[one.id] = one
    empty = found(store, project, "empty_ideals")
    (fix,) = fixing.offered(empty, by_id)
    assert fixing.mend(store, "ann", project, fix, empty, by_id) == 1
    assert {e.status for e in examples.every(store, project)} == {Status.draft}


def test_a_leak_is_mended_on_the_training_side(store: Store, project: str) -> None:
    held = write(store, project, "Where is it?", split=Split.test)
    seen = write(store, project, "where is it", split=Split.train)
    leak = Finding("exact_leakage", health.Severity.must_fix, 1, ((held.id, seen.id),), "One.")
    way, *_ = fixing.FIXES["exact_leakage"]
    assert way.do(store, "ann", project, leak, {}) == 1
    status = {e.id: e.status for e in examples.every(store, project)}
    assert status == {held.id: Status.approved, seen.id: Status.rejected}
    with pytest.raises(Refusal, match="itself held out"):
        way.do(store, "ann", project, dataclasses.replace(leak, examples=((held.id, seen.id), (seen.id, held.id))), {})


def test_rights_are_noted_for_all(store: Store, project: str) -> None:
    write(store, project, "Where is it?", licence="CC0")
    open_ones = [write(store, project, f"Question {i}") for i in range(3)]
    assert fix(store, project, "consent_unknown", "given") == 3
    assert {e.consent for e in examples.some(store, [e.id for e in open_ones])} == {Consent.given}
    assert found(store, project, "consent_unknown").count == 0
    store.undo(store.version, "ann")
    assert found(store, project, "consent_unknown").count == 3


def test_a_finding_is_looked_at_again_and_told_why(store: Store, project: str) -> None:
    write(store, project, "My mail is ann.weber@larkfield.io")
    assert fixing.look_again(store, "ann", project, found(store, project, "personal_data")) == 1
    assert "personal data" in examples.every(store, project)[0].recheck
    assert fix(store, project, "personal_data", "redact") == 1
    assert found(store, project, "personal_data").count == 0


def test_a_list_of_examples_is_found_by_its_name_alone(store: Store, project: str) -> None:
    first, *others = [write(store, project, f"Question {i}") for i in range(4)]
    among = finding.keep_ids(store, [e.id for e in others])
    assert finding.ids(store, project, Filter(among=among)) == [e.id for e in others]
    assert finding.ids(store, project, Filter(among=among, text="question 2")) == [others[1].id]
    for wrong in ("../../journal", "0" * 64, first.id):
        assert finding.ids(store, project, Filter(among=wrong)) == []


def test_whatever_is_offered_is_one_step_that_undo_takes_back(store: Store, project: str) -> None:
    mail = "Write to ann.weber@larkfield.io"
    held = write(store, project, mail, split=Split.test, group="A")
    seen = write(store, project, mail, split=Split.train, group="A")
    before = examples.every(store, project)
    for check, way in [(check, way) for check, ways in fixing.FIXES.items() for way in ways]:
        planted = Finding(check, health.Severity.should_look, 1, ((held.id, seen.id),), "One.",
                          suggested=((held.id, "access"),))  # fmt: skip
        count = way.do(store, "ann", project, planted, {e.id: e for e in before})
        after = {e.id: e for e in examples.every(store, project)}
        assert count == sum(after.get(e.id) != e for e in before) > 0, (check, way.name)
        store.undo(store.version, "ann")
        assert examples.every(store, project) == before, (check, way.name)


def test_a_group_is_put_on_one_side(store: Store, project: str) -> None:
    held = [write(store, project, f"Held {i}", split=split, group="A")
            for i, split in enumerate((Split.test, Split.validation))]  # fmt: skip
    seen = write(store, project, "Seen", split=Split.train, group="A")
    write(store, project, "Another", split=Split.train, group="B")
    assert fix(store, project, "group_leakage", "twins") == 1
    assert examples.get(store, seen.id).status is Status.rejected  # type: ignore[union-attr]
    store.undo(store.version, "ann")
    assert fix(store, project, "group_leakage", "held") == 2
    assert {e.status for e in examples.some(store, [e.id for e in held])} == {Status.rejected}
    assert found(store, project, "group_leakage").count == 0


def test_every_way_leads_to_a_part_of_its_page() -> None:
    from studio.ui.examples_parts import VIEWS

    assert {view for page, _, view in fixing.ELSEWHERE.values() if page} <= set(VIEWS)


def test_a_suggested_label_is_taken_for_one_or_all_unless_somebody_was_quicker(store: Store, project: str) -> None:
    rows = [write(store, project, f"Question {i}", "bug") for i in range(3)]
    by_id = {e.id: e for e in rows}
    noise = Finding("label_noise", health.Severity.should_look, 3, tuple((e.id,) for e in rows), "Three.",
                    suggested=tuple((e.id, "access") for e in rows))  # fmt: skip
    assert fixing.take_suggested(store, "ann", project, noise, by_id, [rows[1].id]) == 1
    now = examples.get(store, rows[1].id)
    assert now is not None and (now.ideal, now.status) == ("access", Status.in_review)
    with pytest.raises(Refusal, match="meanwhile"):
        fixing.take_suggested(store, "ann", project, noise, by_id)
    store.undo(store.version, "ann")
    assert fixing.take_suggested(store, "ann", project, noise, by_id) == 3
    assert {e.ideal for e in examples.every(store, project)} == {"access"}


def test_many_are_redacted_in_parts_that_can_be_stopped(store: Store, project: str) -> None:
    few = [write(store, project, f"Write to ann{i}@gmail.com") for i in range(2)]
    (fix,) = fixing.FIXES["personal_data"]
    told = found(store, project, "personal_data")
    assert fixing.begun(store, "ann", project, fix, told, {e.id: e for e in few}) is None
    for i in range(redacting.PART):
        write(store, project, f"Call ann{i}@gmail.com")
    told, by_id = found(store, project, "personal_data"), {e.id: e for e in examples.every(store, project)}
    step.edit(store, "bob", project, few[0], ideal="Changed meanwhile.")
    with pytest.raises(Refusal, match="1 example was changed since"):
        fixing.begun(store, "ann", project, fix, told, by_id)
    store.undo(store.version, "bob")
    long = fixing.begun(store, "ann", project, fix, told, by_id)
    assert long is not None and long.parts == 2
    series.go_on(store, long.id)
    assert found(store, project, "personal_data").count == 0
    series.take_back(store, "ann", long.id)
    assert found(store, project, "personal_data").count == redacting.PART + 2


def test_a_label_is_said_to_be_right_as_it_was_read(store: Store, project: str) -> None:
    read = write(store, project, "It does not open", "bug")
    fixing.label_is_right(store, "ann", project, read)
    assert checking.asked(store, project).settled == (health.own_key(read),)
    store.undo(store.version, "ann")
    assert checking.asked(store, project).settled == ()
    step.edit(store, "bob", project, read, ideal="access")
    with pytest.raises(Refusal, match="yours changed nothing"):
        fixing.label_is_right(store, "ann", project, read)


@pytest.mark.parametrize("check", ["exact_leakage", "near_leakage", "group_leakage"])
def test_what_leaks_is_drawn_again_onto_one_side(store: Store, project: str, check: str) -> None:
    texts = {
        "exact_leakage": ("Where is it?", "where is it"),
        "near_leakage": ("Where is my parcel from Monday last week now?", "Where is my parcel from Monday last week?"),
        "group_leakage": ("Held", "Seen"),
    }[check]
    group = "A" if check == "group_leakage" else ""
    for text, split in zip(texts, (Split.test, Split.train), strict=True):
        write(store, project, text, split=split, group=group)
    for number in range(30):
        write(store, project, f"Something else {number * 37} {chr(97 + number % 26) * 9}")
    assert fix(store, project, check, "anew") == 2
    made = checking.now(store, project)
    both = [e for e in made.placed if e.input in texts]
    assert len({e.split for e in both}) == 1 and {e.status for e in both} == {Status.approved}
    assert found(store, project, check).count == 0
