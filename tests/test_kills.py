"""A few of the kills of `benchmarks/kills.py`, on each run of the suite."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from benchmarks import kills

pytestmark = pytest.mark.model


def test_a_worker_killed_in_its_saves_ends_as_if_nobody_had_touched_it(workspace: Path) -> None:
    found = kills.kill_in_saves(workspace, kills=2, seed=0, passes=16)
    assert found.during > 0 and max(found.lost) <= found.between == 3
    assert (found.broken, found.elsewhere) == (0, 0)
    assert found.continuous and found.same_losses and found.same_adapter


def test_a_server_that_is_killed_or_stopped_by_ctrl_c_harms_no_training(workspace: Path) -> None:
    found = kills.kill_servers(workspace, [signal.SIGKILL, signal.SIGINT], seed=0, passes=30)
    assert found.unharmed == found.ends == 2 and found.taken_in
    assert "a worker that was started goes on" in found.said and "Traceback" not in found.said
