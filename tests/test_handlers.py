"""Every kind of act is known to whoever opens the store, also to a process that imports nothing else of the studio."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import studio.store
from studio import projects
from studio.store import Store

_STORE = Path(studio.store.__file__).parent


def _fresh(program: str, *args: str) -> str:
    """What `program` prints in a Python process of its own."""
    done = subprocess.run([sys.executable, "-c", program, *args], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_store_alone_knows_every_kind_of_act() -> None:
    kinds = {
        kind for file in _STORE.glob("*.py") for kind in re.findall(r'^@applies\(\s*"([^"]+)"', file.read_text(), re.M)
    }
    assert len(kinds) > 20
    known = _fresh("import studio.store\nfrom studio.store.writes import HANDLERS\nprint(*HANDLERS)")
    assert kinds == set(known.split())


def test_a_rebuild_in_a_fresh_process_replays_answers_to_advice(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "w")
    project = projects.create(store, "ann", "Mine").id
    store.act("advice.answered", "ann", {"question": "facts", "value": "no"}, project)
    acts = store.version
    store.close()
    rebuild = (
        "import sys\nfrom pathlib import Path\nfrom studio.store import Store\n"
        "store = Store.rebuilt(Path(sys.argv[1]))\nprint(store.replayed, store.audit())\nstore.close()"
    )
    assert _fresh(rebuild, str(tmp_path / "w")) == f"{acts} []\n"
