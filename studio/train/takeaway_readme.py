"""The README in the folder of a tuned model that is taken away, and its command lines. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What vLLM takes for --max-lora-rank.
_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)


def commands(form: str, name: str, base: str, rank: int) -> dict[str, str]:
    """Program -> the command line that serves the folder called `name` where it lies, unpacked."""
    if form == "merged":
        return {
            "vLLM": f"vllm serve ./{name} --served-model-name {name} --dtype float32",
            "transformers": f"transformers serve ./{name} --dtype float32",
            "Ollama": f"printf 'FROM ./{name}\\nPARAMETER temperature 0\\n' > Modelfile && ollama create {name} "
            f"-f Modelfile && ollama run {name}",
        }
    taken = next((size for size in _RANKS if size >= rank), rank)
    return {
        "vLLM": f"vllm serve {base} --enable-lora --max-lora-rank {taken} --lora-modules {name}=./{name} "
        f"--chat-template ./{name}/chat_template.jinja",
    }


def asking(form: str, name: str) -> str:
    """How what the lines serve is asked, and which of them the studio's own tests run."""
    if form == "merged":
        return (
            f"Ask transformers for the model `./{name}`, with the `./`; vLLM and Ollama for `{name}`. The line of "
            "transformers is run in the studio's own tests, on a CPU: it answers as the reviewed model does, word for "
            "word. Those of vLLM and Ollama are not; Ollama reads such a folder of Llama, Mistral, Gemma and Phi "
            "models, and sets a chat template of its own. Compare a few answers before you lean on either."
        )
    return (
        f"Ask for the model `{name}`; the name of the base gives the base, without what it learned. This line is not "
        "run in the studio's own tests: compare a few answers before you lean on it."
    )


def beside(base: str) -> str:
    """What to know of a base that is a folder of the studio; "" for one of the hub."""
    if not base.startswith("./"):
        return ""
    return (
        f"{base} is a copy of the base model's folder on the machine of the studio, laid beside this one; a download "
        "from elsewhere may have other weights. Where that is a nuisance, take the whole model (merged) instead."
    )


def checked(check: Mapping[str, int]) -> str:
    """How the check came out, in words."""
    n, same, half = check["prompts"], check["float32"], check["bfloat16"]
    if not check["words"]:
        return f"The reviewed model said nothing to any of the {n} prompts of the check, so nothing is proven by it."
    how = "all" if same == n else f"only {same} of"
    verdict = (
        f"Loaded again from these files, it answered {how} {n} prompts word for word as the reviewed model does "
        f"(greedy, full precision: float32). In half the memory (bfloat16), {half} of {n}."
    )
    return verdict if same == n else f"{verdict} It is not the model that was reviewed: do not put it to use."


def text(form: str, name: str, facts: Mapping[str, Any]) -> str:
    """The README. `facts`: title, base, base_sha256, source, licence, rank, passport_sha256, check, files, and card:
    the model's card that it begins with, "" for none."""
    what = (
        "The whole tuned model (the adapter is merged into the weights of its base)."
        if form == "merged"
        else f"The adapter (PEFT, LoRA) of a tuned model. It works only with its base, {facts['base']}."
    )
    card = str(facts["card"]).rstrip()
    parts = [
        *([card, "## What is in this folder"] if card else [f"# {facts['title']}"]), what,
        "## Checked after it was made", checked(facts["check"]), "## Serve it",
        "Unpack it, then run one of these beside the folder. Ask with `temperature` 0: that is how it was reviewed.",
        *(
            f"{program}:\n\n    {line}"
            for program, line in commands(form, name, facts["base"], facts["rank"]).items()
        ),
        asking(form, name), _precision(form) or beside(facts["base"]), "## Load it", _python(form, name, facts["base"]),
        "## The base and its licence", _base(facts),
        "## The passport",
        f"`passport.json` says what it was made from and under (SHA-256 {facts['passport_sha256']}). It holds no "
        "example's text.", "## Files", "\n".join(f"- `{file}` {sha}" for file, sha in facts["files"].items()),
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part) + "\n"


def _precision(form: str) -> str:
    if form != "merged":
        return ""
    return (
        "The weights are in float32. With `--dtype bfloat16` they take half the memory and answer as the check above "
        "says for bfloat16."
    )


def _python(form: str, name: str, base: str) -> str:
    load = (
        f'    model = AutoModelForCausalLM.from_pretrained("./{name}")'
        if form == "merged"
        else f'    model = AutoModelForCausalLM.from_pretrained("{base}")\n'
        f'    model = PeftModel.from_pretrained(model, "./{name}")'
    )
    imports = "" if form == "merged" else "    from peft import PeftModel\n"
    return (
        f"{imports}    from transformers import AutoModelForCausalLM, AutoTokenizer\n\n{load}\n"
        f'    tokenizer = AutoTokenizer.from_pretrained("./{name}")\n\n'
        "The tokenizer here holds the chat template that it was taught with; the base's own may slip in a system text."
    )


def _base(facts: Mapping[str, Any]) -> str:
    return (
        f"Base: {facts['base']} ({facts['source']}), SHA-256 over its files {facts['base_sha256']}. Another copy of it "
        "may have other weights: compare the hashes in `passport.json`. "
        f"Licence of the base: {facts['licence']}; what is made from it is under its terms, too."
    )
