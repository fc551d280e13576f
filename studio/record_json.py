"""Records to plain JSON and back, and the one byte form that is hashed."""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import json
import types
import typing
from typing import Any, TypeVar

R = TypeVar("R")


def canonical(value: Any) -> bytes:
    """The one byte form of a JSON value that is hashed: UTF-8, sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(value: bytes | str) -> str:
    """Hex SHA-256 of bytes, or of a text's UTF-8."""
    return hashlib.sha256(value.encode() if isinstance(value, str) else value).hexdigest()


def to_json(record: Any) -> Any:
    """A record (or tuple, dict, enum) as plain JSON values."""
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return {name: to_json(getattr(record, name)) for name in _hints(type(record))}
    if isinstance(record, enum.Enum):
        return record.value
    if isinstance(record, (list, tuple)):
        return [to_json(v) for v in record]
    if isinstance(record, dict):
        return {str(k): to_json(v) for k, v in record.items()}
    return record


def from_json(kind: type[R], value: Any) -> R:
    """The inverse of `to_json`. Raises ValueError for an unknown field, enum value or shape."""
    return typing.cast(R, _read(kind, value, kind.__name__))


def _read(kind: Any, value: Any, where: str) -> Any:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        return None if value is None else _read(next(a for a in args if a is not type(None)), value, where)
    if origin is not None:
        return _read_container(origin, args, value, where)
    if dataclasses.is_dataclass(kind):
        return _read_record(typing.cast(type, kind), value, where)
    return _read_scalar(kind, value, where)


def _read_container(origin: Any, args: tuple[Any, ...], value: Any, where: str) -> Any:
    if origin is tuple and isinstance(value, (list, tuple)):
        return tuple(_read(args[0], v, f"{where}[{i}]") for i, v in enumerate(value))
    if origin is dict and isinstance(value, dict):
        return {k: _read(args[1], v, f"{where}.{k}") for k, v in value.items()}
    raise ValueError(f"{where}: expected a {'list' if origin is tuple else 'dict'}, got {type(value).__name__}")


def _read_scalar(kind: type, value: Any, where: str) -> Any:
    if issubclass(kind, enum.Enum):
        return kind(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind in (int, float) and isinstance(value, bool)):
        raise ValueError(f"{where}: expected {kind.__name__}, got {type(value).__name__}")
    return value


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    """Field -> type; asked of a class once, since it takes longer than reading a record."""
    hints = typing.get_type_hints(kind)
    return {f.name: hints[f.name] for f in dataclasses.fields(kind)}


def _read_record(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{where}: expected an object, got {type(value).__name__}")
    hints = _hints(kind)
    if unknown := set(value) - hints.keys():
        raise ValueError(f"{where}: unknown field {sorted(unknown)[0]!r}")
    read = {k: _read(hints[k], v, f"{where}.{k}") for k, v in value.items()}
    try:
        return kind(**read)
    except TypeError as missing:
        raise ValueError(f"{where}: {missing}") from missing
