"""The ready starts: each saves as it is, covers the five dimensions, and its exemplars are what they say."""

from __future__ import annotations

import dataclasses
import json

import pytest

from studio import brief as step
from studio import brief_form, projects, starts
from studio.evaluate.checks import Subject, kept
from studio.records import CheckKind
from studio.store import Store, briefs

EACH = pytest.mark.parametrize("start", starts.STARTS, ids=lambda s: s.name)
_NEEDS_AN_INPUT = (CheckKind.repeats, CheckKind.equals_ideal)


def test_the_six_tasks_that_teams_begin_with() -> None:
    assert [s.name for s in starts.STARTS] == [
        "tone", "support", "classification", "extraction", "summaries", "rewriting",
    ]  # fmt: skip


@EACH
def test_a_start_saves_as_it_is(store: Store, start: starts.Start) -> None:
    project = projects.create(store, "studio", "Mine").id
    made = brief_form.to_brief(json.loads(json.dumps(brief_form.to_form(start.brief))))
    assert made == start.brief
    step.save(store, "studio", project, made, note="", changes_meaning=True)
    assert briefs.latest(store, project) == dataclasses.replace(start.brief, version=1)


@EACH
def test_a_start_is_whole(start: starts.Start) -> None:
    brief = start.brief
    assert all(getattr(brief, name) for name in step.TEXTS if name != "data_rights") and start.own
    assert sum(s.target_share for s in brief.slices) == pytest.approx(1) and any(s.critical for s in brief.slices)
    assert all(c.why and c.how_to_tell and c.good and c.bad for c in brief.criteria)
    assert any(c.checks for c in brief.criteria) and any(c.scale for c in brief.criteria)


@EACH
def test_a_start_covers_the_five_dimensions(start: starts.Start) -> None:
    assert tuple(start.covers) == starts.DIMENSIONS and all(start.covers.values())
    assert {name for names in start.covers.values() for name in names} == {c.name for c in start.brief.criteria}


@EACH
def test_good_exemplars_keep_what_a_machine_checks_and_bad_ones_break_it(start: starts.Start) -> None:
    for found in start.brief.criteria:
        checks = tuple(c for c in found.checks if c.kind not in _NEEDS_AN_INPUT)
        alone = dataclasses.replace(found, checks=checks, slices=())
        assert kept(alone, Subject("", found.good)) in (True, None), found.name
        assert kept(alone, Subject("", found.bad)) in (False, None), found.name
