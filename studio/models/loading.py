"""How the model libraries are loaded: without what they pull in and these jobs never use, and without collecting."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

UNUSED = ("datasets", "scipy")
"""transformers loads these wherever it finds them: for data sets that the trainer is never given, and for the losses of
models that find objects in pictures."""


@contextmanager
def quick_loading(unused: Sequence[str] = UNUSED) -> Iterator[None]:
    """Within it the first import of transformers takes two thirds of its time and 100 MB less.

    What is `unused` looks absent meanwhile, to every thread; whoever needs it imports it afterwards. The collector
    rests, for it finds nothing in a million new objects that stay.
    """
    absent = [name for name in unused if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        for name in absent:
            if sys.modules.get(name) is None:
                del sys.modules[name]
        if collects:
            gc.enable()
