"""Which base to tune: the smallest that does the task, by rules that can be read."""

from __future__ import annotations

import pytest

from studio.evaluate.averages import Average
from studio.models import Machine, catalogue
from studio.train.bases import Tried, advise

WRITERS = [e for e in catalogue() if e.purpose == "writes"]
LARGE = Machine("3.11", "GPU", 8, 64.0, 80.0, 500.0)
SMALL = Machine("3.11", "CPU, 2 cores", 2, 6.0, 0.0, 500.0)


def kept(low: float, high: float) -> Average:
    return Average((low + high) / 2, low, high, 60, 1)


def test_the_smallest_comes_first_and_one_that_does_the_task_is_kept() -> None:
    first = advise(WRITERS, LARGE, ["en"], {})
    assert first.name == "smollm2-135m" and "smallest model here that fits" in first.why[0]
    assert "SmolLM2 360M is next" in first.otherwise
    enough = advise(WRITERS, LARGE, ["en"], {"smollm2-135m": Tried("learned", kept(0.92, 0.98))})
    assert enough.name == "smollm2-135m" and "keeps 95 % of the rules on 60 examples" in enough.why[0]
    assert "a larger model is not needed" in enough.why[0]
    wide = advise(WRITERS, LARGE, ["en"], {"smollm2-135m": Tried("learned", kept(0.5, 0.95))})
    assert wide.name == "smollm2-135m" and "too few to say that it falls short of 90 %" in wide.why[0]
    unknown = advise(WRITERS, LARGE, ["en"], {"smollm2-135m": Tried("learned")})
    assert unknown.name == "smollm2-135m" and "not measured yet" in unknown.why[0]


@pytest.mark.parametrize("tried", [Tried("learned", kept(0.5, 0.7)), Tried("hardly"), Tried("not_carried")])
def test_a_larger_one_only_after_the_smaller_fell_short(tried: Tried) -> None:
    found = advise(WRITERS, LARGE, ["en"], {"smollm2-135m": tried})
    assert found.name == "HuggingFaceTB/SmolLM2-360M-Instruct" and len(found.why) == 2
    only = advise(WRITERS, SMALL, ["en"], {"smollm2-135m": tried})
    assert only.name == "smollm2-135m" and "largest here that fits" in only.why[-1]


def test_other_languages_ask_for_a_model_that_reads_them() -> None:
    found = advise(WRITERS, LARGE, ["en", "de", "fr"], {})
    assert found.name == "Qwen/Qwen2.5-0.5B-Instruct" and "German and French" in found.why[0]
    none = advise([e for e in WRITERS if e.english_only], LARGE, ["de"], {})
    assert none.name == "smollm2-135m" and "reads English only" in none.why[-1]


def test_where_nothing_fits_nothing_is_advised() -> None:
    found = advise(WRITERS, Machine("3.11", "CPU", 1, 1.0, 0.0, 500.0), ["en"], {})
    assert found.name == "" and "No model that is here fits" in found.why[0]
