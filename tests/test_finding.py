"""Finding examples: what each part of a filter means, saved views."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from studio import brief, projects
from studio.examples import step
from studio.examples import views as view_step
from studio.records import Brief, Consent, Example, Refusal, Speaker, Split, Status, Turn, to_json
from studio.store import Store, examples, finding, views
from studio.store.finding import NO, NONE, YES, Filter

LONG_AGO, FAR = "2001-01-01", "2999-12-31"


def put(store: Store, project: str, *given: Example) -> None:
    for example in given:
        store.act("example.saved", "ann", {"example": to_json(example)}, project)


@pytest.fixture
def project(store: Store) -> str:
    """Six examples, each different in what filters look at."""
    name = projects.create(store, "ann", "Mine").id
    brief.save(store, "ann", name, Brief(task="t"), note="", changes_meaning=True)
    put(
        store,
        name,
        Example(
            "a",
            "Where is my Refund?",
            "On its way.",
            "refunds",
            ("vague",),
            Status.approved,
            brief_version=1,
            licence="CC BY 4.0",
            group="customer 7",
            system="Be kind.",
        ),
        Example(
            "b",
            "Hello",
            "We refund 100%_of it",
            "delivery",
            ("vague", "hostile"),
            tags=("shop", "a,b"),
            worse="No.",
            group="customer 8",
        ),
        Example("c", "And then?", "Then", earlier=(Turn(Speaker.user, 'The "refund" policy'),), split=Split.test),
        Example("d", "No", "Yes", "delivery", status=Status.rejected, source="file.csv", batch="x", assigned="ann"),
        Example("e", "Old", "Older", expires=LONG_AGO, consent=Consent.withdrawn, tags=('say "vague"',)),
        Example("f", "New", "Newer", review_by=FAR, recheck="The policy changed", status=Status.approved),
    )
    for comment, example in (("1", "b"), ("2", "c")):
        store.act("comment.added", "bob", {"id": comment, "example": example, "body": "Hm"}, name)
    store.act("comment.removed", "bob", {"id": "2"}, name)
    for example, writer in (("g", "bob"), ("h", "ann")):  # of another project
        other = "other"
        store.act("example.saved", writer, {"example": to_json(Example(example, "Else", "Where"))}, other)
        store.act("comment.added", writer, {"id": example, "example": example, "body": "Hm"}, other)
    return name


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(), "abcdef"),
        (Filter(text="refund"), "abc"),
        (Filter(text="REFUND POLICY"), ""),
        (Filter(text='"refund" policy'), "c"),
        (Filter(text="100%_o"), "b"),
        (Filter(text="speaker"), ""),
        (Filter(text="user"), ""),
        (Filter(status="approved"), "af"),
        (Filter(slice="delivery"), "bd"),
        (Filter(slice=NONE), "cef"),
        (Filter(kind="vague"), "ab"),
        (Filter(kind="vague", slice="delivery"), "b"),
        (Filter(tag="a,b"), "b"),
        (Filter(tag=","), ""),
        (Filter(tag="vague"), ""),
        (Filter(tag='say "vague"'), "e"),
        (Filter(split="test"), "c"),
        (Filter(split=NONE), "abdef"),
        (Filter(source="file.csv"), "d"),
        (Filter(batch="x"), "d"),
        (Filter(assigned="ann"), "d"),
        (Filter(assigned=NONE), "abcef"),
        (Filter(consent="withdrawn"), "e"),
        (Filter(due=True), "e"),
        (Filter(recheck=True), "f"),
        (Filter(stale=True), "f"),
        (Filter(licence="CC BY 4.0"), "a"),
        (Filter(licence=NONE), "bcdef"),
        (Filter(group="customer 8"), "b"),
        (Filter(group=NONE), "cdef"),
        (Filter(system=YES), "a"),
        (Filter(system=NO), "bcdef"),
        (Filter(worse=YES), "b"),
        (Filter(worse=NO, slice="delivery"), "d"),
        (Filter(comments=YES), "b"),
        (Filter(comments=NO), "acdef"),
        (Filter(comments="nonsense"), ""),
        (Filter(author="ann"), "abcdef"),
        (Filter(author="bob"), ""),
        (Filter(trashed=True), ""),
        (Filter(status="nonsense"), ""),
    ],
    ids=str,
)
def test_a_filter_finds_what_it_says(store: Store, project: str, wanted: Filter, found: str) -> None:
    assert "".join(finding.ids(store, project, wanted)) == found
    assert finding.count(store, project, wanted) == len(found)
    for limit, offset in ((10, 0), (2, 1), (2, 6)):
        on = finding.page(store, project, wanted, limit=limit, offset=offset)
        assert ("".join(e.id for e in on.examples), on.total) == (found[offset : offset + limit], len(found))
    assert Filter.of(wanted.given()) == wanted


def test_neighbours_are_those_of_the_filter(store: Store, project: str) -> None:
    wanted = Filter(text="refund")
    assert finding.neighbour(store, project, "b", wanted, forward=True) == "c"
    assert finding.neighbour(store, project, "e", wanted, forward=False) == "c"
    assert finding.neighbour(store, project, "c", wanted, forward=True) is None


def test_stale_is_what_was_approved_before_the_meaning_changed(store: Store, project: str) -> None:
    brief.save(store, "ann", project, Brief(task="t", audience="x", version=1), note="", changes_meaning=False)
    assert finding.ids(store, project, Filter(stale=True)) == ["f"]
    brief.save(store, "ann", project, Brief(task="other", version=2), note="", changes_meaning=True)
    assert finding.ids(store, project, Filter(stale=True)) == ["a", "f"]


def test_the_choices_are_what_there_is(store: Store, project: str) -> None:
    offered = finding.choices(store, project)
    assert offered.slices == ("delivery", "refunds") and offered.kinds == ("hostile", "vague")
    assert offered.tags == ("a,b", 'say "vague"', "shop") and offered.assigned == ("ann",)
    assert offered.licences == ("CC BY 4.0",) and offered.authors == ("ann",)
    assert offered.groups == ("customer 7", "customer 8")
    store.act("examples.trashed", "ann", {"ids": list("abcdef"), "trashed": True}, project)
    assert finding.choices(store, project) == finding.Choices((), (), (), (), (), (), (), ())
    assert finding.page(store, project, Filter(trashed=True), limit=9).total == 6


def test_the_author_is_who_wrote_it_first(store: Store, project: str) -> None:
    put(store, project, Example("i", "Mine", "Yours"))
    found = examples.get(store, "i")
    assert found is not None
    step.edit(store, "bob", project, found, ideal="Ours")
    bobs = step.write(store, "bob", project, input="Bob's", ideal="Own")
    step.mark(store, "ann", project, [bobs.id], Status.approved)
    assert finding.ids(store, project, Filter(author="ann")) == list("abcdefi")
    assert finding.ids(store, project, Filter(author="bob")) == [bobs.id]
    assert finding.choices(store, project).authors == ("ann", "bob")


def test_views_are_acts_that_can_be_undone_and_replayed(store: Store, project: str, tmp_path: Path) -> None:
    view = view_step.save(store, "ann", project, "  My   refunds ", Filter(text="refund", due=True))
    assert view.name == "My refunds"
    with pytest.raises(Refusal, match="there already"):
        view_step.save(store, "bob", project, "My refunds", Filter(text="x"))
    with pytest.raises(Refusal, match="needs a name"):
        view_step.rename(store, "ann", project, view, " ")
    renamed = view_step.rename(store, "ann", project, view, "Refunds")
    assert renamed == dataclasses.replace(view, name="Refunds")
    view_step.remove(store, "ann", project, renamed)
    assert views.every(store, project) == []
    with pytest.raises(Refusal, match="any more"):
        view_step.remove(store, "ann", project, renamed)
    store.undo(store.version, "ann")
    assert views.every(store, project) == [renamed]
    workspace = store.workspace
    store.close()
    again = Store.rebuilt(workspace)
    assert views.every(again, project) == [renamed] and again.audit() == []
    assert examples.count(again, project) == 6
    again.close()
