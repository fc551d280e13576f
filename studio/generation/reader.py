"""How long a text is for a model: counted from its `tokenizer.json` and chat template, without loading any model.

The text counted is the one that training reads (`chat.render`, `chat.answer`), so the counts are the trainer's own.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.generation import chat
from studio.health.known import Tokens
from studio.records import Example, Refusal

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Pieces

_KEPT = 200_000
_GENERATION = re.compile(r"\{%-?\s*(?:end)?generation\s*-?%\}")  # marks for training, which write nothing


class Reader:
    """A model folder's tokenizer and chat template, as `chat` takes one. Raises Refusal where the folder has none."""

    def __init__(self, folder: Path) -> None:
        settings = _read(folder / "tokenizer_config.json")
        written = folder / "chat_template.jinja"
        self.chat_template: Any = written.read_text("utf-8") if written.is_file() else settings.get("chat_template")
        self._special = {name: _content(text) for name, text in settings.items() if name.endswith("_token")}
        self.eos_token: Any = self._special.get("eos_token", "")
        self._count = functools.lru_cache(maxsize=_KEPT)(_counter(folder / "tokenizer.json"))

    def apply_chat_template(self, conversation: Any, **options: Any) -> str:
        """The turns as one text, as transformers renders them (`options`: `chat_template`, `add_generation_prompt`).

        Raises `jinja2.TemplateError` for turns that the template refuses.
        """
        given = {"messages": conversation, "add_generation_prompt": options["add_generation_prompt"]}
        return str(_compiled(options["chat_template"]).render(**given, **self._special))

    def lengths(self, examples: Sequence[Example]) -> dict[str, Tokens]:
        """Example id -> tokens of what the model is asked, with every turn, and of its ideal output with its end mark.

        An example whose turns the model does not accept is left out. A text is counted once, and remembered. Raises
        Refusal for a model without a chat template.
        """
        chat.template(self)
        found = {}
        for example in examples:
            try:
                asked = chat.render(self, example.prompt)
            except Refusal:
                continue
            found[example.id] = Tokens(self._count(asked), self._count(chat.answer(self, example.ideal)))
        return found


@functools.lru_cache(maxsize=2)
def of(folder: Path) -> Reader:
    """The reader of a model folder, kept with the counts it made. Raises as `Reader` does."""
    return Reader(folder)


def _read(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Refusal(f"The model's {path.name} cannot be read, so its tokens cannot be counted.") from error
    return read if isinstance(read, dict) else {}


def _content(token: Any) -> Any:
    """A special token's text; older files write it as an object."""
    return token.get("content") if isinstance(token, dict) else token


def _counter(path: Path) -> Any:
    from tokenizers import Tokenizer

    try:
        pieces: Pieces = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise Refusal(f"The model's {path.name} cannot be read, so its tokens cannot be counted.") from error
    pieces.no_truncation()
    pieces.no_padding()
    return lambda text: len(pieces.encode(text, add_special_tokens=False))


@functools.lru_cache(maxsize=8)
def _compiled(source: str) -> Any:
    from jinja2 import TemplateError
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message: str) -> None:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.globals["raise_exception"] = refuse
    return environment.from_string(_GENERATION.sub("", source))
