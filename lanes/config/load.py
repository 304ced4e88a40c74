"""From TOML text to :class:`Settings`, and back to text.

The user's file is laid over ``defaults.toml`` table by table, then converted strictly. Each
top-level table, and each lane, relay and recipient, is converted on its own, so that an error
names its exact key.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from lanes.config.check import check
from lanes.config.errors import ConfigError, nearest
from lanes.config.model import Settings
from lanes.config.section import Section
from lanes.config.units import Bytes, Seconds, format_seconds, parse_bytes, parse_seconds

T = TypeVar("T", bound=Section)
Path_ = tuple[str, ...]

_UNKNOWN = re.compile(r"Object contains unknown field `(.*?)`")
_MISSING = re.compile(r"Object missing required field `(.*?)`")
_EXPECTED = re.compile(r"Expected `(.*?)`")
#: msgspec's words for what TOML calls otherwise.
_KINDS = {"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false", "array": "a list",
          "object": "a table"}
_WHERE = re.compile(r" - at `\$(.*)`$")


def defaults_text() -> str:
    """``defaults.toml``, comments and all."""
    return (resources.files("lanes.config") / "defaults.toml").read_text("utf-8")


def load(path: Path | None = None) -> Settings:
    """The settings of a file laid over the defaults; the defaults alone without a file.

    Raises :class:`ConfigError`.
    """
    if path is None:
        return parse("")
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the settings: {error}", file=str(path)) from error
    return _beside(parse(text, file=str(path)), path.parent)


def parse(text: str, file: str = "") -> Settings:
    """:func:`load` for text that was read already."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise ConfigError(f"not TOML: {error}", file=file, line=int(line[1]) if line else 0) from error
    try:
        return laid_over(tomllib.loads(defaults_text()), given)
    except ConfigError as error:
        error.file, error.line = file, _line_of(text, error.key)
        raise


def laid_over(defaults: dict[str, Any], given: dict[str, Any]) -> Settings:
    """:func:`parse` for what TOML was read as already; an error has no file, and no line."""
    settings = _settings(_merge(defaults, given))
    check(settings)
    return settings


def _beside(settings: Settings, folder: Path) -> Settings:
    """Names of the policy's files are relative to the folder of the settings that name them."""
    policy = settings.policy
    rules = (policy.rules,) if isinstance(policy.rules, str) else policy.rules
    found = {key: tuple(name if name == "builtin" else str(folder / name) for name in names)
             for key, names in (("rules", rules), ("phrases", policy.phrases))}
    return msgspec.structs.replace(settings, policy=msgspec.structs.replace(policy, **found))


def render(settings: Settings) -> str:
    """The effective settings as TOML, which :func:`parse` reads back to the same tree."""
    return "\n".join(_tables(msgspec.to_builtins(settings, builtin_types=(Seconds, Bytes)), ())).strip() + "\n"


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """``over`` laid over ``base``, table by table; anything else replaces what was there."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _settings(raw: dict[str, Any]) -> Settings:
    return section(raw, Settings, ())


def section(raw: Any, kind: type[T], at: Path_) -> T:
    """One table; tables within it (single or by name) are converted first, each under its own key."""
    if not isinstance(raw, dict):
        raise ConfigError(f"found {raw!r}, allowed: a table", key=".".join(at))
    values = dict(raw)
    for name, hint in get_type_hints(kind).items():
        if name in values:
            values[name] = _nested(values[name], hint, (*at, name))
    try:
        return msgspec.convert(values, kind, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise _explain(error, raw, kind, at) from error


def _nested(value: Any, hint: Any, at: Path_) -> Any:
    if not isinstance(value, dict):
        return value
    if get_origin(hint) is dict and (kinds := sections_in(get_args(hint)[1])):
        return {name: section(item, _kind(item, kinds, (*at, name)), (*at, name)) for name, item in value.items()}
    kinds = sections_in(hint)
    return section(value, _kind(value, kinds, at), at) if kinds else value


def sections_in(hint: Any) -> list[type[Section]]:
    """The kinds of table that a type leaves: one, several of which each says which it is, or none."""
    return [k for k in (hint, *get_args(hint)) if isinstance(k, type) and issubclass(k, Section)]


def _kind(raw: Any, kinds: list[type[Section]], at: Path_) -> type[Section]:
    """The kind of table that ``raw`` is: where there are several, it says so itself."""
    tag = kinds[0].__struct_config__.tag_field
    if tag is None or not isinstance(raw, dict):
        return kinds[0]
    for kind in kinds:
        if kind.__struct_config__.tag == raw.get(tag):
            return kind
    found = f"found {raw[tag]!r}" if tag in raw else "is missing"
    allowed = ", ".join(repr(kind.__struct_config__.tag) for kind in kinds)
    raise ConfigError(f"{found}, allowed: {allowed}", key=".".join((*at, tag)))


def _decode(kind: type, value: object) -> object:
    if kind is Seconds:
        return parse_seconds(value)
    if kind is Bytes:
        return parse_bytes(value)
    if isinstance(value, kind):
        return value
    raise ValueError(f"found {value!r}, allowed: {kind.__name__}")


def _explain(error: msgspec.ValidationError, raw: Mapping[str, Any], kind: type[Section], at: Path_) -> ConfigError:
    text = str(error)
    where = _WHERE.search(text)
    path = [part for part in re.split(r"[.\[\]]+", where[1] if where else "") if part and part != "..."]
    unknown = _UNKNOWN.match(text)
    if unknown:
        name = unknown[1]
        return ConfigError(f"unknown key; {nearest(name, kind.__struct_encode_fields__)}", key=".".join((*at, name)))
    missing = _MISSING.match(text)
    if missing:
        return ConfigError("is missing, and has no default", key=".".join((*at, missing[1])))
    problem = _WHERE.sub("", text)
    if path and path[0] in raw and "found" not in problem:
        problem = f"found {raw[path[0]]!r}, allowed: {_allowed(get_type_hints(kind)[path[0]], problem)}"
    return ConfigError(problem, key=".".join((*at, *path)))


def _allowed(hint: Any, problem: str) -> str:
    """The values that a hint leaves, or else the kind of value that msgspec expected."""
    parts = (hint, *get_args(hint))
    names = [repr(name) for part in parts if get_origin(part) is Literal for name in get_args(part)]
    numbers = [_KINDS["int"] for part in parts if part is int]
    expected = _EXPECTED.match(problem)
    if names or not expected:
        return ", ".join([*names, *numbers]) or problem
    return " or ".join(_KINDS.get(kind, kind) for kind in expected[1].split(" | ") if kind != "null")


def _line_of(text: str, key: str) -> int:
    """The line that sets ``key``, else the nearest table around it, else 0 (then it is a default)."""
    table: list[str] = []
    best, best_line = 0, 0
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*(.+?)\s*\]+\s*(?:#.*)?$", line)
        setting = re.match(r"""\s*((?:[\w.-]+|"[^"]*"|'[^']*')+)\s*=""", line)
        if header:
            table = _split(header[1])
        here = table if header else [*table, *_split(setting[1])] if setting else []
        dotted = ".".join(here)
        on_the_way = f"{key}.".startswith(f"{dotted}.") or dotted.startswith(f"{key}.")
        if on_the_way and min(len(dotted), len(key)) > best:
            best, best_line = min(len(dotted), len(key)), number
    return best_line


def _split(dotted: str) -> list[str]:
    return [a or b for a, b in re.findall(r"[\"']([^\"']*)[\"']|([\w-]+)", dotted)]


def _tables(tree: dict[str, Any], at: Path_) -> Iterator[str]:
    plain = {k: v for k, v in tree.items() if not isinstance(v, dict) and v is not None}
    if at and (plain or not tree):
        yield f"\n[{'.'.join(_key(part) for part in at)}]"
    for name, value in plain.items():
        yield f"{_key(name)} = {literal(value)}"
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _tables(value, (*at, name))


def _key(name: str) -> str:
    return name if re.fullmatch(r"[\w-]+", name, re.ASCII) else msgspec.json.encode(name).decode()


def literal(value: Any) -> str:
    """A value as TOML."""
    if isinstance(value, Seconds):
        text = format_seconds(value)
        return f'"{text}"' if parse_seconds(text) == value else repr(float(value))
    if isinstance(value, Bytes):
        return str(int(value))
    if isinstance(value, list | tuple):
        return f"[{', '.join(literal(item) for item in value)}]"
    return msgspec.json.encode(value).decode()
