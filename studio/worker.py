"""The worker: `python -m studio.worker JOB_FOLDER` does one job and leaves result.json in its folder.

With `--serve FOLDER` it is the resident model process instead (`studio.resident`).

Every failure ends as one plain sentence in the result; tracebacks go to stderr (log.txt). SIGTERM asks it to stop,
like the file `cancel`: it keeps what it has finished.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import psutil

from studio.jobs import folder as job_folder
from studio.jobs.local import is_running
from studio.models.checked import check_adapter, checked_model
from studio.models.loading import quick_loading
from studio.models.machine import free_memory_bytes, others_at_work
from studio.records import Refusal, from_json, to_json
from studio.train.memory import keep_within, peak_memory_mb, ran_out
from studio.train.settings import QLORA

if TYPE_CHECKING:
    from studio.train import fit

# No space, no quota, or more than one file may hold; and how the libraries that write for us put it in errors of their
# own (safetensors with the system's number, torch by where its archive ends).
_NO_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_DISK_SAID = ("no space left", "unexpected pos", "failed writing file", *(f"os error {n})" for n in _NO_DISK))
_GPU_GONE_SAID = ("cuda error", "nvml", "gpu is lost", "device-side assert")


class Stop:
    """Whether somebody asked this job to stop, by the file or by SIGTERM or Ctrl-C."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._signalled = folder, False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._signalled = True

    def __call__(self) -> bool:
        return self._signalled or job_folder.cancel_asked(self._folder)


@dataclass(frozen=True)
class Outcome:
    """What a job adds to its result; `stopped` when it was cancelled before its end."""

    fields: dict[str, Any]
    stopped: bool = False


def main(arguments: Sequence[str]) -> int:
    """Do the job and write its result. Exit code 0: done or cancelled; 1: failed; 2: wrong usage."""
    if len(arguments) == 2 and arguments[0] == "--serve":
        from studio import resident

        leave_out_four_bits()
        return resident.serve(Path(arguments[1]))
    if len(arguments) != 1:
        print("Usage: python -m studio.worker JOB_FOLDER, or --serve FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[0]).resolve()
    try:
        _claim(folder)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    result = _work(folder)
    try:
        job_folder.write_result(folder, result)
    except OSError as error:
        # The disk is full: the server finds a worker that is gone, and says so.
        print(plain(error, folder.name), file=sys.stderr)
        return 1
    return 1 if result["state"] == "failed" else 0


def _claim(folder: Path) -> None:
    """Note that this process works here. Raises Refusal when the job has ended or another worker is at it."""
    if not folder.is_dir():
        raise Refusal(f"There is no job folder {folder}. Nothing was started. Check the path.")
    if job_folder.read_result(folder) is not None:
        raise Refusal(f"The job {folder.name} has ended already. Its result was left as it is. Start a new job.")
    noted = job_folder.read_worker(folder)
    if noted is not None and noted[0] != os.getpid() and is_running(*noted):
        raise Refusal(f"Another worker is at job {folder.name}. It goes on. Wait for it or stop it first.")
    job_folder.write_worker(folder, os.getpid(), psutil.Process().create_time())


def _work(folder: Path) -> dict[str, Any]:
    began = time.monotonic()
    stop = Stop(folder)
    fields: dict[str, Any] = {}
    try:
        job_folder.drop_incomplete_line(folder / "events.jsonl")
        job_folder.append(folder, "state", state="running")
        spec = job_folder.read_spec(folder)
        if spec.get("settings", {}).get("method") != QLORA:
            leave_out_four_bits()
        kinds: dict[str, Callable[[Path, dict[str, Any], Stop], Outcome]]
        kinds = {
            "train": _train, "preflight": _preflight, "generate": _generate, "convert": _convert, "takeaway": _takeaway,
            "side_effects": _side_effects, "timing": _timing, "conversations": _conversations,
        }  # fmt: skip
        if spec.get("kind") not in kinds:
            raise Refusal(f"A job of the kind {spec.get('kind')!r} is unknown here. Nothing was done. Start a new job.")
        outcome = kinds[spec["kind"]](folder, spec, stop)
        fields, state, reason = outcome.fields, "cancelled" if outcome.stopped else "done", ""
    except Exception as error:
        traceback.print_exc()
        state, reason = "failed", plain(error, folder.name)
    return {
        "state": state,
        "reason": reason,
        "seconds": round(time.monotonic() - began, 2),
        "peak_memory_mb": peak_memory_mb(),
        **fields,
    }


def leave_out_four_bits() -> None:
    """PEFT loads the library for weights in four bits wherever it finds it: two seconds and 50 MB, for jobs that have
    no such weights too. To them it is not there."""
    sys.modules["bitsandbytes"] = None  # type: ignore[assignment]


def plain(error: BaseException, job: str) -> str:
    """One sentence for any failure: what happened, what is safe, what to do."""
    said = str(error).lower()
    if isinstance(error, Refusal):
        return str(error)
    if ran_out(error):
        return (
            "This machine ran out of memory. What the job had finished is kept, and all examples are safe. "
            "Close other programs or choose a smaller model, then start it again."
        )
    if (isinstance(error, OSError) and error.errno in _NO_DISK) or any(words in said for words in _NO_DISK_SAID):
        return (
            "The disk is full. What the job had finished is kept, and all examples are safe. "
            "Free some space, then start it again."
        )
    if any(words in said for words in _GPU_GONE_SAID):
        return (
            "The graphics card stopped working in the middle of the job. What was learned until the last checkpoint is "
            "kept, and all examples are safe. Start it again: it goes on from there. If it stops again, restart the "
            "machine."
        )
    if "safetensor" in type(error).__name__.lower():
        return (
            "A model file is damaged. Your examples and votes are safe. "
            "Fetch the model again (studio models fetch), or train the adapter again."
        )
    return (
        f"The job stopped on an unexpected error ({type(error).__name__}). What it had finished is kept. "
        f"Start it again; if it stops again, the details are in log.txt of job {job}."
    )


def _train(folder: Path, spec: dict[str, Any], stop: Stop) -> Outcome:
    model = checked_model(spec["model"])

    with quick_loading():
        from studio.train import circumstances, energy, fit

    meter = energy.Meter(energy.counters(circumstances.card()))
    fitted = _learning(fit.fit, folder, spec, model, stop)
    noted = {"energy": to_json(meter.stop()), "starts": _starts(folder), **circumstances.recorded(spec["model"], model)}
    noted["card_memory_mb"] = circumstances.card_memory_mb()
    told = {"settings": spec["settings"], "device": fit.device_name()}
    return Outcome(fit.as_json(fitted, folder) | told | noted, fitted.stopped)


def _preflight(folder: Path, spec: dict[str, Any], stop: Stop) -> Outcome:
    """As `_train`, but rehearsed. What people look at lies in a file, away from the record: it is examples' text."""
    began, busy = time.monotonic(), others_at_work()
    model = checked_model(spec["model"])

    with quick_loading():
        from studio.train import circumstances, rehearsal

    measured, shown = _learning(partial(rehearsal.rehearse, began=began), folder, spec, model, stop)
    # The run notes its circumstances too, which takes a moment.
    rehearsed = time.monotonic()
    circumstances.recorded(spec["model"], model)
    noting = time.monotonic() - rehearsed
    job_folder.write_shown(folder, to_json(shown))
    fixed = round(measured.fixed_seconds + noting, 2)
    return Outcome({"measured": to_json(replace(measured, fixed_seconds=fixed, busy=busy))}, stop())


def _learning(learn: Callable[..., Any], folder: Path, spec: dict[str, Any], model: Path, stop: Stop) -> Any:
    """`fit.fit`, or what takes the same, on the rows of a job; in a new process when the memory runs out."""
    from studio.train.settings import Settings

    settings = from_json(Settings, spec["settings"])
    rows = job_folder.read_rows(folder, spec["train"])
    checks = job_folder.read_rows(folder, spec["validation"]) if spec.get("validation") else []
    emit = partial(job_folder.append, folder)
    emit("progress", done=0, total=0, seconds_left=None, what="loading the model")

    from studio.train import fit

    if fit.device() == "cpu":
        keep_within(free_memory_bytes())
    try:
        return learn(
            model,
            [fit.Row(row["id"], job_folder.prompt(row), row["ideal"], row.get("worse", "")) for row in rows],
            [fit.Row(row["id"], job_folder.prompt(row), row["ideal"], row.get("worse", "")) for row in checks],
            [(row["id"], job_folder.prompt(row)) for row in spec.get("samples", [])],
            settings,
            folder / "checkpoints",
            stop,
            emit,
            spec.get("phrases", []),
            _less(folder),
            _start(spec),
        )
    except fit.MemoryShort as short:
        said = "1 example" if short.at_once == 1 else f"{short.at_once} examples"
        emit("warning", text=fit.less_said(said, short.spared), at_once=short.at_once, spared=short.spared)
        _again(folder)


def _start(spec: dict[str, Any]) -> Path | None:
    """The adapter that the job begins as, its hash checked; None where it begins as the base."""
    told = spec.get("start")
    if not told:
        return None
    check_adapter(told["adapter"], told["adapter_sha256"])
    return Path(told["adapter"])


def _starts(folder: Path) -> int:
    """How often a worker began this job, this time included."""
    return sum(e["kind"] == "state" and e.get("state") == "running" for e in job_folder.read_events(folder).rows)


def _less(folder: Path) -> fit.Less | None:
    """What this run has told of reading less at a time, when it had to."""
    from studio.train import fit

    told = [event for event in job_folder.read_events(folder).rows if "at_once" in event]
    return fit.Less(told[-1]["at_once"], told[-1]["spared"]) if told else None


def _again(folder: Path) -> NoReturn:
    """This process starts anew, under the same number, with all of its memory given back."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "studio.worker", str(folder)])


def _convert(folder: Path, spec: dict[str, Any], stop: Stop) -> Outcome:
    from studio.models_convert import convert

    made = convert(spec, folder, stop, partial(job_folder.append, folder))
    return Outcome(made or {}, stopped=made is None)


def _takeaway(folder: Path, spec: dict[str, Any], stop: Stop) -> Outcome:
    model = checked_model(spec["model"])
    check_adapter(spec["adapter"], spec["adapter_sha256"])
    with quick_loading():
        from studio.train import takeaway_work

    made = takeaway_work.make(spec, model, folder, stop, partial(job_folder.append, folder))
    return Outcome(made or {}, stopped=made is None)


def _side_effects(folder: Path, spec: dict[str, Any], stop: Stop) -> Outcome:
    for arm in spec["arms"]:
        check_adapter(arm.get("adapter", ""), arm.get("adapter_sha256", ""))
    model = checked_model(spec["model"])
    with quick_loading():
        from studio.generation import side_work

    made = side_work.measure(spec, model, folder, stop, partial(job_folder.append, folder))
    return Outcome(made or {}, stopped=made is None)


def _generate(folder: Path, spec: dict[str, Any], stop: Stop) -> Outcome:
    from studio.generation import work

    counted, stopped = work.write(spec, folder, stop, partial(job_folder.append, folder))
    return Outcome(counted, stopped)


def _conversations(folder: Path, spec: dict[str, Any], stop: Stop) -> Outcome:
    from studio.generation import replay

    return Outcome(*replay.write(spec, folder, stop, partial(job_folder.append, folder)))


def _timing(folder: Path, spec: dict[str, Any], stop: Stop) -> Outcome:
    from studio.generation import timing

    return Outcome(*timing.measure(spec, folder, stop, partial(job_folder.append, folder)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
