"""Does an output keep a JSON schema? Pure, and closed: nothing is fetched, and no pattern may run away.

The drafts that `jsonschema` knows are read (2020-12 when none is named). References stay inside the schema; patterns
run with the time limit of every pattern of a brief (`studio.evaluate.checks`), so `patternProperties`, which the
library would run without one, is refused.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from typing import Any

from studio.records import Refusal

Search = Callable[[str, str], bool]

LONGEST = 20_000
"""Characters of a schema; more is a program, not something that a team reads."""
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_ENDLESS = "refers to itself without an end, so no output could ever be checked."


def read(text: str) -> Any:
    """The JSON value that `text` is. Raises ValueError for anything else, also NaN and endless nesting."""
    try:
        return json.loads(text, parse_constant=_not_json)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _not_json(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def holds(schema: str, output: str, search: Search) -> bool:
    """Whether `output` is JSON that keeps `schema`. `search` looks for a pattern in a text, within its own time limit.

    Raises Refusal for a schema that goes round in a circle on this output.
    """
    try:
        value = read(output)
    except ValueError:
        return False
    try:
        return bool(_validator(schema, search).is_valid(value))
    except OverflowError:
        return False  # a number of hundreds of digits, which no program that reads the output could use
    except RecursionError as error:
        raise Refusal(
            "The JSON schema of the brief goes round in a circle on one output, so nothing was checked. Nothing was "
            "lost. Look for a part that refers to itself."
        ) from error


@functools.lru_cache(maxsize=64)
def _validator(schema: str, search: Search) -> Any:
    # A tenth of a second that the server does not need to start.
    from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

    def pattern(validator: Any, wanted: str, instance: Any, whole: Any) -> Iterator[ValidationError]:
        if validator.is_type(instance, "string") and not search(wanted, instance):
            yield ValidationError("does not match the pattern")

    found = read(schema)
    plain = validators.validator_for(found, default=Draft202012Validator)
    # Whether an output is itself a pattern would be tried without a time limit.
    formats = FormatChecker(name for name in plain.FORMAT_CHECKER.checkers if name != "regex")
    return validators.extend(plain, {"pattern": pattern})(found, format_checker=formats)


def problem(schema: str, search: Search, pattern_problem: Callable[[str], str]) -> str:
    """What is wrong with a schema, as the end of a sentence; "" when it can be used."""
    if not schema.strip():
        return "has no schema."
    if len(schema) > LONGEST:
        return f"is longer than {LONGEST:,} characters."
    try:
        found = read(schema)
    except ValueError as error:
        return f"is not JSON ({error})."
    if not isinstance(found, dict):
        return "is not a schema: it must be a JSON object, in curly brackets."
    return _unfit(found, pattern_problem) or _invalid(schema, found, search)


def _unfit(schema: dict[str, Any], pattern_problem: Callable[[str], str]) -> str:
    named = [node.get(name) for node in _nodes(schema) for name in ("$anchor", "$dynamicAnchor")]
    anchors = {name for name in named if isinstance(name, str)}
    for node in _nodes(schema):
        if node is not schema and isinstance(node.get("$id"), str):
            return "holds a second “$id”; keep the whole schema under one."
        if isinstance(node.get("patternProperties"), dict):
            return "uses “patternProperties”, which is not checked here; name the properties instead."
        for name in _REFERENCES:
            if isinstance(target := node.get(name), str) and (wrong := _reference(schema, target, anchors)):
                return wrong
        if isinstance(wanted := node.get("pattern"), str) and (wrong := pattern_problem(wanted)):
            return f"has a pattern that {wrong}"
    return ""


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value, the outermost first."""
    waiting = [value]
    while waiting:
        here = waiting.pop(0)
        if isinstance(here, dict):
            yield here
        waiting += here.values() if isinstance(here, dict) else here if isinstance(here, list) else ()


def _reference(schema: Any, target: str, anchors: set[str]) -> str:
    if not target.startswith("#"):
        return f"refers to “{target}” outside itself; nothing is fetched. Put that part under “$defs”."
    if not target[1:].startswith("/"):
        return "" if target == "#" or target[1:] in anchors else f"refers to “{target}”, which it lacks."
    for part in target[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(schema, list) and name.isdigit() and int(name) < len(schema):
            schema = schema[int(name)]
        elif isinstance(schema, dict) and name in schema:
            schema = schema[name]
        else:
            return f"refers to “{target}”, which it lacks."
    return ""


def _invalid(text: str, schema: dict[str, Any], search: Search) -> str:
    from jsonschema import Draft202012Validator, SchemaError, validators

    draft = schema.get("$schema", Draft202012Validator.META_SCHEMA["$id"])
    found = validators.validator_for({"$schema": draft}, default=None) if isinstance(draft, str) else None
    if found is None:
        return "names a draft of JSON Schema (“$schema”) that is not known here; leave that line out."
    try:
        found.check_schema(schema)
    except SchemaError as error:
        where = "/".join(str(part) for part in error.absolute_path)
        return f"is not a valid JSON schema ({error.message[:200]}{f', at {where}' if where else ''})."
    try:
        for value in ("{}", "[]", '""', "0", "true", "null"):
            _validator(text, search).is_valid(read(value))
    except RecursionError:
        return _ENDLESS
    return ""
