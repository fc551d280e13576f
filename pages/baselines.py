"""Prompts: how far does a good prompt get us? Its records are the base and the prompts."""

from studio import loop
from studio.records import PROMPTING, ArmKind
from studio.ui import (
    access,
    answers,
    baselines_parts,
    blocks,
    costs_parts,
    documents_parts,
    frame,
    passages_parts,
    shots_parts,
)

visit = access.open_page("baselines")
frame.page(visit, "baselines", "Prompts", "How far does a good prompt get you, before any training?")
blocks.look()
brief, known = baselines_parts.records(visit)
if brief is None:
    baselines_parts.no_brief(visit)
elif not any(a.kind in PROMPTING for a in known):
    blocks.undo(visit)
    baselines_parts.no_prompt(visit)
else:
    arm = baselines_parts.choose(visit, known)
    if arm.kind is ArmKind.base:
        baselines_parts.base(arm)
    else:
        baselines_parts.editor(visit, arm, brief)
        shots_parts.editor(visit, arm)
        passages_parts.editor(visit, arm)
        answers.after_tests(visit, [arm])
        baselines_parts.versions(visit, arm)
    documents_parts.show(visit, arm)
    baselines_parts.trial(visit, arm, known, brief)
    costs_parts.show(visit)
    frame.stale(loop.stale(visit.store, visit.project_id))
