"""Records to plain JSON and back, and the one byte form that is hashed."""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import json
import types
import typing
from collections.abc import Callable
from typing import Any, TypeVar

R = TypeVar("R")
Reader = Callable[[Any, str], Any]
_PLAIN = (str, int, float, bool)


def canonical(value: Any) -> bytes:
    """The one byte form of a JSON value that is hashed: UTF-8, sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(value: bytes | str) -> str:
    """Hex SHA-256 of bytes, or of a text's UTF-8."""
    return hashlib.sha256(value.encode() if isinstance(value, str) else value).hexdigest()


def to_json(record: Any) -> Any:
    """A record (or tuple, dict, enum) as plain JSON values."""
    if record is None or type(record) in _PLAIN:
        return record
    if isinstance(record, enum.Enum):
        return record.value
    if isinstance(record, (list, tuple)):
        return [to_json(v) for v in record]
    if isinstance(record, dict):
        return {str(k): to_json(v) for k, v in record.items()}
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return {name: to_json(getattr(record, name)) for name in _names(type(record))}
    return record


def from_json(kind: type[R], value: Any) -> R:
    """The inverse of `to_json`. Raises ValueError for an unknown field, enum value or shape."""
    return typing.cast(R, _reader(typing.cast(Any, kind))(value, kind.__name__))


@functools.cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(kind))


@functools.cache
def _reader(kind: Any) -> Reader:
    """How a value of this type is read, worked out once: reading the type hints takes longer than reading a record."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return lambda value, where: value
    if origin in (typing.Union, types.UnionType):
        inner = _reader(next(a for a in args if a is not type(None)))
        return lambda value, where: None if value is None else inner(value, where)
    if origin is not None:
        return _container(origin, _reader(args[1] if origin is dict else args[0]))
    if dataclasses.is_dataclass(kind):
        return _record(typing.cast(type, kind))
    return _scalar(kind)


def _container(origin: Any, inner: Reader) -> Reader:
    def read(value: Any, where: str) -> Any:
        if origin is tuple and isinstance(value, (list, tuple)):
            return tuple([inner(v, f"{where}[{i}]") for i, v in enumerate(value)])
        if origin is dict and isinstance(value, dict):
            return {k: inner(v, f"{where}.{k}") for k, v in value.items()}
        raise ValueError(f"{where}: expected a {'list' if origin is tuple else 'dict'}, got {type(value).__name__}")

    return read


def _scalar(kind: type) -> Reader:
    if issubclass(kind, enum.Enum):
        return lambda value, where: kind(value)
    number = kind in (int, float)

    def read(value: Any, where: str) -> Any:
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if not isinstance(value, kind) or (number and isinstance(value, bool)):
            raise ValueError(f"{where}: expected {kind.__name__}, got {type(value).__name__}")
        return value

    return read


def _record(kind: type) -> Reader:
    readers: dict[str, Reader] = {}

    def read(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"{where}: expected an object, got {type(value).__name__}")
        if not readers:  # not before the first record: a type may name itself
            hints = typing.get_type_hints(kind)
            readers.update({name: _reader(hints[name]) for name in _names(kind)})
        if unknown := value.keys() - readers.keys():
            raise ValueError(f"{where}: unknown field {min(unknown)!r}")
        given = {k: readers[k](v, f"{where}.{k}") for k, v in value.items()}
        try:
            return kind(**given)
        except TypeError as missing:
            raise ValueError(f"{where}: {missing}") from missing

    return read
