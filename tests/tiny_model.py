"""A Llama of a few thousand random weights with a tokenizer of its own: the real libraries without any download."""

from __future__ import annotations

from pathlib import Path
from typing import Any

WORDS = ["my", "your", "kettle", "lamp", "rug", "is", "late", "lost", "thanks", "for", "asking", "about", "the"]
_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }} {{ message['content'] }}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant {% endif %}"
)


def tiny_config(**changed: Any) -> Any:
    """A Llama's config with grouped heads; `changed` fields replace the small ones."""
    from transformers import LlamaConfig

    small = {
        "vocab_size": 64, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "max_position_embeddings": 4096, "pad_token_id": 0, "bos_token_id": 1,
        "eos_token_id": 2, "tie_word_embeddings": True,
    }  # fmt: skip
    return LlamaConfig(**{**small, **changed})


def tiny_model(dtype: Any = None, **changed: Any) -> Any:
    """The model, the same at each call, in float32 unless `dtype` says otherwise."""
    import torch
    from transformers import LlamaForCausalLM

    torch.manual_seed(3)
    return LlamaForCausalLM(tiny_config(**changed)).to(dtype or torch.float32)


def save_tiny_model(folder: Path) -> Path:
    """A folder that `from_pretrained` reads: model, tokenizer and chat template."""
    from tokenizers import Tokenizer, pre_tokenizers
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    names = ["<pad>", "<|im_start|>", "<|im_end|>", "<unk>", "user", "assistant", *WORDS]
    words = Tokenizer(WordLevel({word: number for number, word in enumerate(names)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="<|im_end|>", unk_token="<unk>",
        additional_special_tokens=["<|im_start|>"], chat_template=_TEMPLATE,
    )  # fmt: skip
    tiny_model().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_rows(lengths: list[int], vocabulary: int = 64) -> list[dict[str, list[Any]]]:
    """Encoded rows of these lengths, each half prompt, half answer."""
    import random

    choose, made = random.Random(5), []
    for length in lengths:
        ids = [choose.randrange(5, vocabulary) for _ in range(length)]
        asked = max(1, length // 2)
        weights = [choose.choice((1.0, 4.0)) for _ in ids]
        made.append({"input_ids": ids, "labels": [-100] * asked + ids[asked:], "weights": weights})
    return made
