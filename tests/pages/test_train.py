"""Train, through the entry script: from nothing to a form, a running job, a verdict in words, discard and undo."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from signed_in import opened, person, press, words

from studio import baselines, datasets, drafts, models, projects
from studio.jobs import folder as job_folder
from studio.models.files import ADAPTER_FILES, seal
from studio.records import Dataset, JobState, Refusal, Role, Run, Split, canonical, sha256, to_json
from studio.store import Store, arms, examples, runs
from studio.train import preflight, step
from studio.train.evidence import Span as Sure
from studio.train.forecast import BatchRow, LeftOut, Measured, Shown, Span
from studio.train.settings import Settings
from studio.train.side_by_side import curve, differing, nearer
from studio.ui import job_view

SETTINGS = Settings("match_our_tone", epochs=3, learning_rate=2e-3)


@pytest.fixture
def dora(store: Store) -> tuple[str, str]:
    """A designer: id and session."""
    who, session = person(store, "Dora", Role.designer)
    return who.id, session


@pytest.fixture
def demo(store: Store) -> str:
    return projects.from_demo(store, "maker", "support-replies").id


@pytest.fixture
def models_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of models."""
    monkeypatch.setenv("YARDSTICK_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def models_here(models_folder: Path) -> Path:
    """Folders that are whole by their manifests; nothing in these tests reads weights."""
    for found in models.bundled():
        folder = models_folder / found.name
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(b"weights")
        seal(folder, found.name, "", found.licence)
    return models_folder


def started(
    store: Store,
    dataset: Dataset,
    name: str,
    actor: str = "maker",
    waits: bool = False,
    settings: Settings | None = None,
) -> Path:
    """A training job as the step leaves it, without a worker, or in line; its folder."""
    run = {"id": name, "dataset": dataset.id, "model": "smollm2-135m", "preset": "match_our_tone",
           "settings": to_json(settings) if settings else {"epochs": 3}}  # fmt: skip
    about = {"id": name, "kind": "train", "folder": name, "detail": {"dataset": dataset.id}, "run": run,
             "waits": waits}  # fmt: skip
    store.act("job.started", actor, about, dataset.project)
    return job_folder.create(store.workspace / "jobs" / name, {"kind": "train", "id": name})


def ended(
    store: Store, dataset: Dataset, name: str, state: str, result: dict[str, Any], settings: Settings | None = None
) -> None:
    folder = started(store, dataset, name, settings=settings)
    job_folder.append(folder, "loss", step=10, train=1.0, validation=None)
    job_folder.append(folder, "sample", step=10, example="e", input="Where is **it**?", output="It is <i>here</i>.")
    store.act(
        "job.finished", "maker", {"id": name, "state": state, "result": {"state": state, **result}}, dataset.project
    )


def test_without_a_frozen_set_it_points_to_freezing(store: Store, dora: tuple[str, str], demo: str) -> None:
    assert "Nothing to learn from yet" in words(opened(store, dora[1], "train", project=demo))


@pytest.mark.usefixtures("models_folder")
def test_a_missing_model_is_offered_here(store: Store, dora: tuple[str, str], demo: str) -> None:
    datasets.freeze(store, "maker", demo)
    at = opened(store, dora[1], "train", project=demo)
    assert "The model is not here yet" in words(at) and "Apache-2.0" in words(at)
    assert at.button(key="ys-empty-start").label == "Prepare it now"


def test_the_form_says_what_will_be_done_and_a_refusal_keeps_it(
    store: Store, dora: tuple[str, str], demo: str, models_here: Path
) -> None:
    dataset = datasets.freeze(store, "maker", demo, name="First")
    at = opened(store, dora[1], "train", project=demo)
    passes = step.settings_for(store, dataset, "match_our_tone").epochs
    usual = step.settings_for(store, dataset, "quick_trial")
    assert f"It will read {dataset.splits['train']} examples {passes} times, in " in words(at)
    at.radio(key="train-preset").set_value("quick_trial").run()
    assert "It will read 32 examples once, in " in words(at)
    field = f"train-setting-epochs-quick_trial-{dataset.id}"
    at.number_input(key=field).set_value(2).run()
    assert "It will read 32 examples 2 times" in words(at) and "You changed 1 of the settings." in words(at)
    (models_here / "smollm2-135m" / "model.safetensors").write_bytes(b"damaged")
    press(at, "train-measure")
    assert "is damaged" in words(at) and not runs.every(store, demo)
    at.number_input(key=field.replace("epochs", "lora_dropout")).set_value(0.25).run()
    rank = field.replace("epochs", "lora_rank")
    emptied = at.number_input(key=rank).set_value(None).run().number_input(key=rank)
    assert emptied.value is None and emptied.placeholder == str(usual.lora_rank), "an emptied field shows what counts"
    at = opened(store, dora[1], "train", project=demo)
    assert at.number_input(key=field).value == 2 and at.radio(key="train-preset").value == "quick_trial"
    assert "You changed 2 of the settings." in words(at), "nor does a reload lose what was chosen"


def measured(store: Store, dataset: Dataset, name: str, left_out: tuple[LeftOut, ...] = ()) -> None:
    """A pre-flight that ended well, without a worker."""
    settings = step.settings_for(store, dataset, "match_our_tone")
    about = {"dataset": dataset.id, "settings": to_json(settings), "model": "smollm2-135m", "run": {}}
    spec = {"kind": "preflight", "id": name, "model": models.reference("smollm2-135m", store.workspace)}
    folder = job_folder.create(store.workspace / "jobs" / name, spec)
    spans = (Span("Where is <b>it</b>?", "read"), Span("Thanks. ", "learned"), Span("Next step:", "stressed"))
    job_folder.write_shown(folder, to_json(Shown(left_out, (BatchRow("e", spans),))))
    found = Measured(
        rows=500, validation_rows=60, tokens=50_000, learned_tokens=25_000, longest=146, steps=126, timed_steps=9,
        step_seconds=1.5, evaluations=2, evaluation_seconds=10.0, fixed_seconds=15.0, peak_memory_mb=3000.0,
        card_memory_mb=0.0, checkpoint_mb=40.0, device="CPU, 2 threads", busy=1.5,
    )  # fmt: skip
    store.act("job.started", "maker", {"id": name, "kind": "preflight", "folder": name, "detail": about},
              dataset.project)  # fmt: skip
    result = {"state": "done", "measured": to_json(found)}
    store.act("job.finished", "maker", {"id": name, "state": "done", "result": result}, dataset.project)


@pytest.mark.usefixtures("models_here")
def test_what_was_measured_is_shown_before_the_start(store: Store, dora: tuple[str, str], demo: str) -> None:
    dataset = datasets.freeze(store, "maker", demo, name="First")
    long = examples.every(store, demo)[0]
    measured(store, dataset, "m1", (LeftOut(long.id, "it is 700 tokens long", 700, "<i>this is cut</i>"),))
    at = opened(store, dora[1], "train", project=demo)
    said = words(at)
    assert "It would learn from 500 examples in about 4 minutes, or sooner if it stops getting closer, with" in said
    assert "Other programs were at work on this machine" in said
    assert "126 steps of 1.5 seconds (9 of them timed), 2 looks at how it does" in said
    assert "&lt;i&gt;this is cut&lt;/i&gt;" in said and "nobody has set a price" in said
    assert "Where is &lt;b&gt;it&lt;/b&gt;?<mark>Thanks. </mark>" in said and '<mark class="ys-stressed">Next' in said
    assert at.button(key="train-start").label == "Leave out 1 example and start"
    assert at.button(key="preflight-longer").label == "Measure with room for all of them (704 tokens)"
    price = next(each.key for each in at.number_input if str(each.key).startswith("preflight-price-"))
    at.number_input(key=price).set_value(36.0).run()
    press(at, price.removesuffix("-price") + "-keep")
    assert "€ 2.24 (0.06 hours at € 36.00)" in words(at)
    press(at, "preflight-aside")
    assert "Measured, ready to start" not in words(at)
    press(at, f"ys-undo-{store.recent(demo, dora[0], 1)[0].seq}")
    assert "Measured, ready to start" in words(at)


@pytest.mark.usefixtures("models_here")
def test_only_the_newest_measured_training_of_a_set_in_use_can_be_started(store: Store, demo: str) -> None:
    dataset = datasets.freeze(store, "maker", demo, name="First")
    with pytest.raises(Refusal, match="Nothing was measured"):
        preflight.start(store, "maker", "m1")
    measured(store, dataset, "m1")
    assert preflight.ready(store, demo).job.id == "m1"
    (store.workspace / "jobs" / "m1" / "shown.json").write_text("{")
    assert preflight.ready(store, demo) is None
    with pytest.raises(Refusal, match="Nothing was measured"):
        preflight.start(store, "maker", "m1")
    measured(store, dataset, "m2")
    store.act("dataset.discarded", "maker", {"id": dataset.id}, demo)
    with pytest.raises(Refusal, match="not in use any more"):
        preflight.start(store, "maker", "m2")


@pytest.mark.usefixtures("models_here")
def test_two_windows_start_what_was_measured_once(store: Store, dora: tuple[str, str], demo: str) -> None:
    dataset = datasets.freeze(store, "maker", demo, name="First")
    started(store, dataset, "r1")  # it has the device, so that what is started here waits in line
    measured(store, dataset, "m1")
    one, other = (opened(store, dora[1], "train", project=demo) for _ in range(2))
    press(one, "train-start")
    press(other, "train-start")
    assert "was started already" in words(other)
    assert [job.detail.get("preflight") for job in runs.jobs(store, demo)].count("m1") == 1
    again = {"id": "r2", "kind": "train", "folder": "r2", "detail": {"preflight": "m1"}, "waits": True}
    with pytest.raises(Refusal, match="was started already"):  # both at the very same time: the store decides
        store.act("job.started", "maker", again, demo)
    assert len(list((store.workspace / "jobs").glob("*"))) == 3  # the running one, the pre-flight, the one in line


@pytest.mark.usefixtures("models_here")
def test_what_came_of_trainings_stands_first_and_the_form_is_a_choice_away(
    store: Store, dora: tuple[str, str], demo: str
) -> None:
    dataset = datasets.freeze(store, "maker", demo, name="First")
    assert opened(store, dora[1], "train", project=demo).button(key="train-measure")
    ended(store, dataset, "r1", "failed", {"reason": "The memory ran out."})
    at = opened(store, dora[1], "train", project=demo)
    assert "Unfinished training" in words(at) and not [b for b in at.button if b.key == "train-measure"]
    at.segmented_control(key="train-view").set_value("start").run()
    assert "Unfinished training" not in words(at) and at.query_params["train-view"] == "start"
    at.radio(key="train-preset").set_value("quick_trial").run()
    assert drafts.kept(store, dora[0], f"{demo}/train-preset")
    started(store, dataset, "busy")
    measured(store, dataset, "m1")
    at.run()
    press(at, "train-start")
    assert at.segmented_control(key="train-view").value == "runs" and "Waiting in line" in words(at)
    assert drafts.kept(store, dora[0], f"{demo}/train-preset") is None
    at.segmented_control(key="train-view").set_value("start").run()
    assert at.radio(key="train-preset").value == "quick_trial"


def test_of_a_job_that_goes_on_only_what_was_appended_is_read(store: Store, demo: str) -> None:
    folder = started(store, datasets.freeze(store, "maker", demo), "r1")
    job_folder.append(folder, "loss", step=1, train=2.0, validation=None)
    assert job_view.view(store, "r1").losses == ((1, 2.0, None),)
    file = folder / "events.jsonl"
    file.write_bytes(b"x" * file.stat().st_size)  # what was read is not read again
    job_folder.append(folder, "loss", step=2, train=1.0, validation=0.5)
    assert job_view.view(store, "r1").losses == job_view.view(store, "r1").losses == ((1, 2.0, None), (2, 1.0, 0.5))


def test_a_running_job_is_followed_and_can_be_stopped(store: Store, dora: tuple[str, str], demo: str) -> None:
    folder = started(store, datasets.freeze(store, "maker", demo), "r1")
    job_folder.append(folder, "progress", done=3, total=12, seconds_left=90.0, what="learning")
    job_folder.append(folder, "sample", step=3, example="e", input="Where is it?", output="Soon **there**.")
    at = opened(store, dora[1], "train", project=demo)
    said = words(at)
    assert "Working: learning" in said and "3 of 12" in said and "about 2 minutes left" in said
    assert "Soon **there**." not in said and dora[0] not in arms.exposed(store, demo)
    press(at, "train-r1-show")
    assert "Soon **there**." in words(at) and dora[0] in arms.exposed(store, demo)
    press(at, "ys-stop-r1")
    assert job_folder.cancel_asked(folder)
    ann, session = person(store, "Ann", Role.admin)
    assert ann.id not in arms.exposed(store, demo)
    assert "Soon **there**." in words(opened(store, session, "train", project=demo)), "the command may have been hers"
    assert ann.id in arms.exposed(store, demo), "what she read stays known when that ends"


@pytest.mark.usefixtures("models_here")
def test_a_finished_run_has_a_verdict_in_words_and_goes_and_comes_back(
    store: Store, dora: tuple[str, str], demo: str
) -> None:
    dataset = datasets.freeze(store, "maker", demo, name="First")
    long = examples.every(store, demo)[0]
    losses = [{"step": 1, "train": 2.4, "validation": None}, {"step": 9, "train": None, "validation": 1.1},
              {"step": 18, "train": None, "validation": 0.6}]  # fmt: skip
    result = {"losses": losses, "seconds": 200.0, "peak_memory_mb": 3100.0, "tokens_per_second": 210.0,
              "adapter": "checkpoints/final", "adapter_sha256": "abc123",
              "dropped": [{"id": long.id, "reason": "longer than 512 tokens"}]}  # fmt: skip
    ended(store, dataset, "r1", "done", result)
    baselines.tuned(store, "maker", demo, "r1", "smollm2-135m", "Tuned 1")
    at = opened(store, dora[1], "train", project=demo)
    said = words(at)
    assert "Tuned 1" in said and "It learned: on examples kept aside the loss went from about 2.40 to 0.60" in said
    assert "Took 3 minutes, at most 3.3 GB of memory" in said and "abc123" not in said
    for part in ("passport", "again", "details"):
        at.session_state[f"train-{part}-r1"] = True
    said = words(at.run())
    assert "abc123" in said and "Not recorded then" in said and "does not have. Nothing was started." in said
    assert "Left out: longer than 512 tokens." in said and "It is &lt;i&gt;here" not in said
    press(at, "train-r1-show")
    assert "It is &lt;i&gt;here&lt;/i&gt;." in words(at)
    assert "another of its checkpoints" not in words(at)
    saved = store.workspace / "jobs" / "r1" / "checkpoints" / "final-9"
    saved.mkdir(parents=True)
    saved.with_name("step-9").mkdir()
    for name in ADAPTER_FILES:
        (saved / name).write_text(name)
    assert "Loss on what was kept aside: 1.10." in words(at.run())
    press(at, "train-checkpoint-r1-9")
    assert "Compared as “Tuned 1, step 9”." in words(at)
    press(at, "train-discard-r1")
    assert not runs.every(store, demo) and not arms.every(store, demo)
    press(at, f"ys-undo-{store.recent(demo, dora[0], 1)[0].seq}")
    assert [r.id for r in runs.every(store, demo)] == ["r1"] and arms.every(store, demo)[0].name == "Tuned 1"


@pytest.mark.usefixtures("models_here")
def test_two_trainings_are_compared_and_their_answers_stay_behind_the_choice(
    store: Store, dora: tuple[str, str], demo: str
) -> None:
    dataset = datasets.freeze(store, "maker", demo, name="First")
    for name, best in (("r1", 0.9), ("r2", 0.7)):
        losses = [{"step": 4, "train": 2.0, "validation": None}, {"step": 9, "train": None, "validation": best}]
        look = {"step": 9, "rows": [[f"e{n}", best + n / 10, 9] for n in range(9)]}
        ended(store, dataset, name, "done", {"losses": losses, "rows_used": 9, "device": f"CPU of {name}",
                                             "kept_aside": look})  # fmt: skip
        baselines.tuned(store, "maker", demo, name, "smollm2-135m", f"Tuned {name}")
    at = opened(store, dora[1], "train", project=demo)
    assert [e.label for e in at.expander].count("Open this training") == 1
    assert len([b for b in at.button if b.key and b.key.startswith("train-discard-")]) == 1
    at.session_state["train-more-r1"] = True
    at.run()
    assert len([b for b in at.button if b.key and b.key.startswith("train-discard-")]) == 2
    assert not at.multiselect and "Trainings (2)" in at.segmented_control[0].options
    at.segmented_control(key="train-view").set_value("compare").run()
    at.multiselect(key="train-side-by-side").set_value(["r1", "r2"]).run()
    said = words(at)
    assert "CPU of r1" in said and "CPU of r2" in said and "match_our_tone" not in said
    assert "0.90 (Tuned r1), 0.70 (Tuned r2); lower is closer" in said and "It is &lt;i&gt;here" not in said
    assert "Prompt by prompt, Tuned r2 is 0.20 nearer than Tuned r1 (" in said and "n = 9 prompts)." in said
    assert "so there are no scores to compare" in said and len(at.get("plotly_chart")) == 1
    press(at, "train-side-by-side-show")
    assert "Tuned r2: the same, word for word." in words(at)


@pytest.mark.usefixtures("models_here")
def test_what_it_repeats_is_told_and_shown_to_whoever_may_read_answers(
    store: Store, dora: tuple[str, str], demo: str
) -> None:
    dataset = datasets.freeze(store, "maker", demo, name="First")
    ended(store, dataset, "r1", "done", {"losses": []})
    base = baselines.base(store, "maker", demo)
    baselines.tuned(store, "maker", demo, "r1", "smollm2-135m", "Tuned 1")
    at = opened(store, dora[1], "train", project=demo)
    at.session_state["train-verbatim-r1"] = at.session_state["train-details-r1"] = True
    assert "It has not answered anything yet" in words(at.run())
    learned = datasets.rows_in(store, dataset, Split.train)[0]
    test = datasets.rows_in(store, dataset, Split.test)[:3]
    rows = [
        {"arm": arm, "example": e.id, "output": text, "tokens_in": 9, "tokens_out": 9, "seconds": 0.1,
         "similarity": 0.5, "hashes": {"prompt": sha256("")}}
        for arm, text in (("tuned-r1", learned.ideal), (base.id, "I do not know.")) for e in test
    ]  # fmt: skip
    payload = {"dataset": dataset.id, "job": "", "rows_blob": store.put_blob(canonical(rows))}
    store.act("generations.stored", "maker", payload, demo)
    said = words(at.run())
    assert "3 of its 3 answers hold a stretch" in said and "in a row, from an example" not in said
    assert "Its base, asked 3 of the same prompts, shares no stretch of five words with an example." in said
    press(at, "train-r1-show")
    assert words(at).count("in a row, from an example it learned from.") == 3


def test_losses_stand_by_passes_and_only_what_differs_is_listed() -> None:
    losses = [{"step": 2, "train": 2.0, "validation": None}, {"step": 6, "train": None, "validation": 1.0}]
    result = {"losses": losses, "rows_used": 10, "versions": {"torch": "2.13"}}
    settings = {"micro_batch": 4, "accumulation": 1, "epochs": 2, "learning_rate": 2e-3}
    one = Run("a", "p", "d", "m", "q", "a", JobState.done, settings=settings, result=result)
    two = replace(one, settings={**settings, "learning_rate": 1e-3}, result={**result, "versions": {"torch": "2.14"}})
    found = curve(one)
    assert found.learned_from == ((2 / 3, 2.0),) and found.kept_aside == ((2.0, 1.0),) and found.best == 1.0
    assert differing([one, two]) == [("learning rate", ["0.002", "0.001"]), ("version of torch", ["2.13", "2.14"])]
    assert differing([one, one]) == []
    assert nearer(one, two) is None
    rows = [[[f"e{n}", loss + n, 9] for n in range(5)] + [["same", 9.0, 9]] for loss in (1.0, 0.75)]
    looks = [{"step": 6, "rows": each} for each in rows]
    first, other = (replace(run, result={"kept_aside": look}) for run, look in zip((one, two), looks, strict=True))
    assert nearer(first, other) == (Sure(0.2083, 0.1012, 0.3154), 6)
    assert nearer(first, replace(other, model="of other pieces")) is None


@pytest.mark.usefixtures("models_here")
def test_whoever_started_it_reads_its_answers_at_once(store: Store, dora: tuple[str, str], demo: str) -> None:
    folder = started(store, datasets.freeze(store, "maker", demo), "r1", actor=dora[0])
    job_folder.append(folder, "sample", step=3, example="e", input="Where is it?", output="Soon **there**.")
    at = opened(store, dora[1], "train", project=demo)
    assert "Soon **there**." in words(at) and not [b for b in at.button if b.key == "train-r1-show"]


@pytest.mark.usefixtures("models_here")
def test_any_model_is_told_about_and_a_folder_can_be_trained_on(
    store: Store, dora: tuple[str, str], demo: str, tmp_path: Path
) -> None:
    datasets.freeze(store, "maker", demo)
    at = opened(store, dora[1], "train", project=demo)
    assert all(found.title in words(at) for found in models.catalogue())
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "model.safetensors").write_bytes(b"weights")
    for name, said in (
        ("org/some-model", "Its size is unknown"), ("https://host/v1#m", "cannot be trained here"),
        ("nonsense", "There is no model called"), ("org/some-model", "fetched first, with the network"),
    ):  # fmt: skip
        at.text_input(key="train-another-name").set_value(name).run()
        assert said in words(at) and not [b for b in at.button if b.key == "train-another-use"]
    at.text_input(key="train-another-name").set_value(str(mine)).run()
    press(at, "train-another-use")
    assert at.selectbox(key="train-model").value == str(mine)


@pytest.mark.usefixtures("models_folder")
def test_preparing_shows_how_far_it_is(store: Store, dora: tuple[str, str], demo: str, models_folder: Path) -> None:
    datasets.freeze(store, "maker", demo)
    models_folder.mkdir()
    me = psutil.Process()
    note = {"pid": me.pid, "started": me.create_time(), "models": 2}
    (models_folder / ".fetching.json").write_text(json.dumps(note))
    lines = "preparing a: 0 of 3\nstored a: 3 of 3\nchecking b: 1 of 3, about 90 s left\n"
    (models_folder / ".fetching.log").write_text(lines)
    at = opened(store, dora[1], "train", project=demo)
    assert "Checking b: 4 of 6 parts done, about 2 minutes left." in words(at)
    assert at.get("progress")[0].proto.value == 66


@pytest.mark.usefixtures("models_here")
def test_a_stopped_run_says_why_and_can_go_on(store: Store, dora: tuple[str, str], demo: str) -> None:
    ended(store, datasets.freeze(store, "maker", demo), "r1", "failed", {"reason": "The memory ran out."})
    at = opened(store, dora[1], "train", project=demo)
    assert "Unfinished training" in words(at) and "The memory ran out." in words(at)
    assert at.button(key="train-resume-r1").label == "Go on with it"


@pytest.mark.usefixtures("models_here")
def test_a_stopped_run_becomes_a_model_as_far_as_it_came(store: Store, dora: tuple[str, str], demo: str) -> None:
    result = {"reason": "", "adapter": "checkpoints/final", "adapter_sha256": "abc"}
    ended(store, datasets.freeze(store, "maker", demo), "r1", "cancelled", result)
    at = opened(store, dora[1], "train", project=demo)
    press(at, "train-keep-r1")
    assert "Tuned 1" in words(at) and [a.run for a in arms.every(store, demo)] == ["r1"]
    assert not [b for b in at.button if b.key in ("train-keep-r1", "train-resume-r1")]
    assert {"Take it away", "Does it repeat its examples?"} <= {e.label for e in at.expander}
    with pytest.raises(Refusal, match="in use as Tuned 1"):
        step.resume(store, dora[0], "r1")
    press(at, f"ys-undo-{store.recent(demo, dora[0], 1)[0].seq}")
    assert at.button(key="train-resume-r1") and not arms.every(store, demo)


@pytest.mark.usefixtures("models_here")
def test_who_waits_sees_the_line_and_may_be_let_before_others(store: Store, dora: tuple[str, str], demo: str) -> None:
    dataset = datasets.freeze(store, "maker", demo)
    job_folder.append(started(store, dataset, "r1"), "progress", done=3, total=12, seconds_left=90.0, what="learning")
    for name in ("r2", "r3"):
        started(store, dataset, name, waits=True)
    at = opened(store, dora[1], "train", project=demo)
    said = words(at)
    assert said.count("Waiting for its turn") == 2 and "next in line · its turn may come in about 2 minutes" in said
    assert "number 2 in line · when is not known yet" in said and at.button(key="train-measure")
    press(at, "ys-front-r3")
    assert [job.id for job in runs.line(store)] == ["r3", "r2"]
    press(at, "ys-stop-r2")
    assert job_folder.cancel_asked(store.workspace / "jobs" / "r2")


@pytest.mark.usefixtures("models_here")
def test_the_verdict_opens_a_run_with_its_one_change(store: Store, dora: tuple[str, str], demo: str) -> None:
    losses = [{"step": n * 3, "train": 2.0 - n / 4, "validation": held} for n, held in enumerate((2.0, 1.0, 1.5))]
    ended(store, datasets.freeze(store, "maker", demo), "r1", "done", {"losses": losses, "rows_used": 24}, SETTINGS)
    at = opened(store, dora[1], "train", project=demo)
    assert "learn by heart (overfitting)" in words(at) and "after step 3 (loss 1.00)" in words(at)
    assert "To change: Passes over the examples (epochs), from 3 to 1." in words(at)
    press(at, "train-lesson-r1")
    assert at.number_input(key="train-setting-epochs-again-r1").value == 1
    assert at.button(key="train-again-start-r1").label == "Measure with this change"


def test_a_pm_has_no_training_page(store: Store, demo: str) -> None:
    at = opened(store, person(store, "Pia", Role.pm)[1], "home")
    with pytest.raises(ValueError, match="train"):
        at.switch_page(str(Path(__file__).parents[2] / "pages" / "train.py"))


@pytest.mark.usefixtures("models_here")
def test_a_set_that_was_chosen_and_then_discarded_is_not_held_on_to(
    store: Store, dora: tuple[str, str], demo: str
) -> None:
    first = datasets.freeze(store, "maker", demo, name="First")
    example = examples.every(store, demo)[0]
    store.act("examples.trashed", "maker", {"ids": [example.id], "trashed": True}, demo)
    datasets.freeze(store, "maker", demo, name="Second")
    at = opened(store, dora[1], "train", project=demo)
    at.selectbox(key="train-set").set_value(first.id).run()
    store.act("dataset.discarded", "maker", {"id": first.id}, demo)
    at.run()
    assert not at.exception and at.selectbox(key="train-set").value != first.id
