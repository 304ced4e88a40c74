"""The settings as tables of keys: each with its type, its default, and what is said of it.

What is said of a key is the comment beside it in ``defaults.toml``; of one that stands there within an inline
table, and has no line of its own, the docstring below the field of its model. ``KeyError`` if there is neither.
"""

from __future__ import annotations

import ast
import functools
import inspect
import operator
import textwrap
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, get_args, get_origin

import msgspec

from lanes.config.load import defaults_text, literal, sections_in
from lanes.config.model import Settings
from lanes.config.reference.annotated import Path, entries
from lanes.config.section import Section

#: A part of a path that the site chooses.
NAME = "NAME"


class Key(NamedTuple):
    """One key of a table."""

    path: Path
    """With :data:`NAME` where the site has a name of its own."""
    within: type[Section] | None
    """The kind of table that it stands in, where there are several."""
    type: Any
    default: str | None
    """As TOML; empty: none, and none is needed; None: it has to be given."""
    said: str


class Table(NamedTuple):
    """One table, or one for each name that the site gives."""

    path: Path
    about: str
    keys: tuple[Key, ...]


def tables() -> list[Table]:
    """All of them, in the order of the models; the first has the keys that stand in none."""
    return list(_tables((), [Settings]))


def _tables(path: Path, kinds: Sequence[type[Section]]) -> Iterator[Table]:
    fields = list(_fields(kinds))
    keys = [Key((*path, field.encode_name), kind if len(kinds) > 1 else None, field.type,
                _default((*path, field.encode_name), field), _said((*path, field.encode_name), kind, field.name))
            for kind, field in fields if not _within(field.type)]
    yield Table(path, _about(path, kinds[0]), (*_tag(path, kinds[0]), *keys))
    for _, field in fields:
        if below := _within(field.type):
            yield from _tables((*path, field.encode_name, *([NAME] if get_origin(field.type) is dict else [])), below)


def _fields(kinds: Sequence[type[Section]]) -> Iterator[tuple[type[Section], Any]]:
    """Each field that a table may have, with the first kind of table that has it."""
    seen = set[str]()
    for kind in kinds:
        for field in msgspec.structs.fields(kind):
            if field.encode_name not in seen:
                seen.add(field.encode_name)
                yield kind, field


def _within(hint: Any) -> list[type[Section]]:
    """The kinds of table that a field holds, single or by name; none if it is a plain key."""
    return sections_in(get_args(hint)[1] if get_origin(hint) is dict else hint)


def _tag(path: Path, kind: type[Section]) -> Iterator[Key]:
    """The key by which a table says which kind it is."""
    if name := kind.__struct_config__.tag_field:
        yield Key((*path, name), None, str, None, _comment((*path, name)))


def _default(path: Path, field: Any) -> str | None:
    if NAME not in path:
        return _toml(functools.reduce(operator.getitem, path, tomllib.loads(defaults_text())))
    if field.default_factory is not msgspec.NODEFAULT:
        return _toml(field.default_factory())
    return None if field.default is msgspec.NODEFAULT else _toml(field.default)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{name} = {literal(one)}' for name, one in value.items())} }}" if value else ""
    return "" if value is None else literal(value)


def _about(path: Path, kind: type[Section]) -> str:
    return _comment(path) or inspect.getdoc(kind) or ""


def _said(path: Path, kind: type[Section], name: str) -> str:
    said = _comment(path) or next((words[name] for base in kind.__mro__ if name in (words := _words(base))), "")
    if not said:
        raise KeyError(f"nothing is said of {'.'.join(path)}, neither in defaults.toml nor in {kind.__name__}")
    return said


@functools.cache
def _words(kind: type) -> Mapping[str, str]:
    """Field -> the docstring below it."""
    if not issubclass(kind, Section) or kind is Section:
        return {}
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - the source of a class
    pairs = zip(body.body, body.body[1:], strict=False)
    return {field.target.id: " ".join(str(text.value.value).split()) for field, text in pairs
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)}


def _comment(path: Path) -> str:
    return _comments().get(path, "")


@functools.cache
def _comments() -> Mapping[Path, str]:
    """By path, with :data:`NAME` for a name; of whichever name something was said first."""
    return {_general(entry.path): entry.said for entry in reversed(entries()) if entry.said}


def _general(path: Path) -> Path:
    """The path with :data:`NAME` for each name that a site gives."""
    general: Path = ()
    hint: Any = Settings
    for part in path:
        if get_origin(hint) is dict and sections_in(get_args(hint)[1]):
            general, hint = (*general, NAME), get_args(hint)[1]
        else:
            general, hint = (*general, part), _type_of(part, hint)
    return general


def _type_of(name: str, hint: Any) -> Any:
    """Of a key of a table; None if no kind of that table has it."""
    fields = (field for kind in sections_in(hint) for field in msgspec.structs.fields(kind))
    return next((field.type for field in fields if field.encode_name == name), None)
