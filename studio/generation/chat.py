"""How a message becomes the text a model reads: one place, for training and for generation.

A model's own chat template may slip in a system text that nobody wrote (SmolLM2's does). Arms are compared on the
same prompt, so here a system text is there only when it is given.
"""

from __future__ import annotations

from typing import Any, Protocol

from studio.records import Prompt, Refusal, sha256

# ChatML without a default system text: what SmolLM2, Qwen and many others were trained on.
_CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


class Tokenizer(Protocol):
    """What is needed of a tokenizer; `transformers` gives it."""

    chat_template: Any
    eos_token: Any

    def apply_chat_template(self, conversation: Any, **options: Any) -> Any: ...


def messages(prompt: Prompt, system: str = "") -> list[dict[str, str]]:
    """The turns of one prompt, oldest first. An arm's `system` text stands before the one the prompt came with, and
    there is a system turn only if there is a text."""
    both = "\n\n".join(text for text in (system, prompt.system) if text)
    standing = [{"role": "system", "content": both}] if both else []
    earlier = [{"role": turn.speaker.value, "content": turn.text} for turn in prompt.earlier]
    return [*standing, *earlier, {"role": "user", "content": prompt.input}]


def template(tokenizer: Tokenizer) -> str:
    """The chat template in use (Jinja): ours for ChatML models, else the model's own.

    Raises Refusal for a model without a template: it was never taught to answer in turns.
    """
    own = tokenizer.chat_template
    if not isinstance(own, str) or not own:
        raise Refusal(
            "This model was never taught to answer messages (it has no chat template). Nothing was changed. "
            "Choose one whose name says Instruct or Chat."
        )
    return _CHATML if "<|im_start|>" in own else own


def template_sha256(tokenizer: Tokenizer) -> str:
    """The hash kept with every output and every run as `template`."""
    return sha256(template(tokenizer))


def render(tokenizer: Tokenizer, prompt: Prompt, system: str = "") -> str:
    """The text up to where the model's answer begins. Raises Refusal when the model does not take these turns."""
    from jinja2.exceptions import TemplateError

    try:
        rendered = tokenizer.apply_chat_template(
            messages(prompt, system), chat_template=template(tokenizer), tokenize=False, add_generation_prompt=True
        )
    except TemplateError as error:
        raise Refusal(
            f"This model does not accept these turns ({error}). Nothing was changed. "
            "Leave the system text empty, let the turns alternate, or choose another model."
        ) from error
    return str(rendered)


def answer(tokenizer: Tokenizer, text: str) -> str:
    """The text of an answer as it is learned: with the mark at which the model stops."""
    return f"{text}{tokenizer.eos_token}"
