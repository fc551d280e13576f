"""Outputs of a model elsewhere, behind an OpenAI-compatible address. Prompts leave this machine."""

from __future__ import annotations

import json
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from typing import Any

from studio.generation import ArmSpec, Written, chat
from studio.records import Decoding, Prompt, Refusal, canonical, sha256, to_json

KEY_VARIABLE = "YARDSTICK_ENDPOINT_KEY"
WAITS = (1.0, 2.0, 4.0, 8.0)
"""Seconds before each further try, where the address is busy or out of order for a moment."""
_LONGEST_WAIT = 30.0
_MOST_BYTES = 4 * 2**20
_PASSES = (408, 429, 500, 502, 503, 504)
_SAFE = "What was written so far is kept."
_ANSWERS = {
    401: "asks for a key or refuses ours; set {variable}",
    403: "asks for a key or refuses ours; set {variable}",
    404: "does not know this model; check its name and the address",
    429: "is asked too often; try again later",
}


def key_variable(address: str) -> str:
    """The environment variable that holds the key for this address alone: the host's name, in capitals, at its end."""
    host = urllib.parse.urlsplit(address).hostname or ""
    return f"{KEY_VARIABLE}_{re.sub('[^A-Z0-9]+', '_', host.upper())}"


def key_for(address: str) -> str:
    """The key for this address: its own, or else the one for all; "" without any. Never to be written down."""
    return os.environ.get(key_variable(address)) or os.environ.get(KEY_VARIABLE, "")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """An address that points elsewhere is an error: the prompts were meant for the one that was named."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class _Passing(Refusal):
    """A failure that may pass: the same request may be sent again, after `wait` seconds if the address named any."""

    def __init__(self, sentence: str, wait: float = 0.0) -> None:
        super().__init__(sentence)
        self.wait = wait


class EndpointModel:
    """A `Generator` over `POST {address}/chat/completions`. The key comes from the environment, never from a spec.

    One prompt a batch: each answer is kept as soon as it is there, and its `seconds` are those of its own request,
    without the tries before it. A failure that may pass (busy, out of order, no answer in time) is tried again.
    """

    batch_size = 1
    repeats = False

    def __init__(
        self, address: str, model: str, timeout: float = 60.0, *, waits: Sequence[float] = WAITS, most: int = 0
    ) -> None:
        """`address` such as "http://127.0.0.1:8000/v1"; `timeout` in seconds for each answer; `most`: the limit on
        requests in all, further tries included, 0 for none."""
        if not address.startswith(("http://", "https://")):
            raise Refusal("An endpoint's address begins with http:// or https://. Nothing was asked. Correct it.")
        self._url = address.rstrip("/") + "/chat/completions"
        self._model, self._timeout, self._waits = model, timeout, tuple(waits)
        self._most, self._sent = most, 0
        self._opener = urllib.request.build_opener(NoRedirect)

    def prepare(self, arms: Sequence[ArmSpec]) -> None:
        """Raises Refusal for a tuned arm: an adapter made here cannot be worn elsewhere."""
        if any(arm.adapter for arm in arms):
            raise Refusal("A model behind an address cannot wear an adapter made here. Nothing was asked.")

    def lengths(self, prompts: Sequence[Prompt], system_prompt: str) -> list[int]:
        return [len(prompt.asked) for prompt in prompts]

    def write(self, arm: ArmSpec, prompts: Sequence[Prompt], decoding: Decoding) -> list[Written]:
        """One request a prompt. Raises Refusal when the endpoint does not answer as agreed."""
        return [self._ask(arm, prompt, decoding) for prompt in prompts]

    def _ask(self, arm: ArmSpec, prompt: Prompt, decoding: Decoding) -> Written:
        body = {
            "model": self._model,
            "messages": chat.messages(prompt, arm.system_prompt),
            "max_tokens": decoding.max_new_tokens,
            "temperature": decoding.temperature,
            "seed": decoding.seed,
        }
        answer, seconds = self._patiently(body)
        try:
            content = answer["choices"][0]["message"]["content"]
            usage = answer.get("usage") or {}
            tokens_in, tokens_out = int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0))
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise Refusal(f"The endpoint's answer is not a chat completion. {_SAFE} Check its address.") from error
        hashes = {
            "base": sha256(f"{self._url}#{self._model}"),
            # There are no weights here to hash: it is that of what was registered (`store.runs`).
            "adapter": arm.adapter_sha256,
            "template": "",
            "settings": sha256(canonical(to_json(decoding))),
        }
        return Written((content or "").strip(), tokens_in, tokens_out, round(seconds, 4), hashes)

    def _patiently(self, body: dict[str, Any]) -> tuple[Any, float]:
        """The answer, and the seconds of the request that brought it."""
        for wait in (*self._waits, None):
            self._count()
            began = time.monotonic()
            try:
                return self._post(body), time.monotonic() - began
            except _Passing as failure:
                if wait is None:
                    raise Refusal(str(failure)) from failure
                time.sleep(min(_LONGEST_WAIT, max(wait, failure.wait)))
        raise AssertionError("the last try returns or raises")

    def _count(self) -> None:
        if self._most and self._sent == self._most:
            raise Refusal(
                f"The limit of {self._most:,} requests is reached, most often because many had to be sent again. "
                f"{_SAFE} Let it go on later."
            )
        self._sent += 1

    def _post(self, body: dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/json"}
        if key := key_for(self._url):
            headers["Authorization"] = f"Bearer {key}"
        request = urllib.request.Request(self._url, data=json.dumps(body).encode(), headers=headers, method="POST")
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                content = response.read(_MOST_BYTES + 1)
            if len(content) > _MOST_BYTES:
                raise Refusal(f"The endpoint's answer is larger than 4 MB. {_SAFE} Check its address.")
            return json.loads(content)
        except urllib.error.HTTPError as error:
            said = _ANSWERS.get(error.code, f"answered with error {error.code}; try again later")
            sentence = f"The endpoint {said.format(variable=key_variable(self._url))}. {_SAFE}"
            if error.code in _PASSES:
                raise _Passing(sentence, _seconds(error.headers.get("Retry-After", ""))) from error
            raise Refusal(sentence) from error
        except ValueError as error:
            raise Refusal(f"The endpoint's answer is not JSON. {_SAFE} Check its address.") from error
        except TimeoutError as error:
            raise _Passing(f"The endpoint gave no answer in {self._timeout:.0f} seconds. {_SAFE} Try later.") from error
        except OSError as error:
            raise _Passing(f"The endpoint cannot be reached. {_SAFE} Check its address and that it runs.") from error


def _seconds(header: str) -> float:
    """What `Retry-After` asks for; a date, which it may hold too, counts as nothing."""
    return float(header) if header.isdigit() else 0.0
