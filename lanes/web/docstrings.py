"""What our types say about their fields: the string below each, which Python itself forgets."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from itertools import pairwise

from msgspec import Struct

_ROLE = re.compile(r":\w+:`~?(?:[\w.]+\.)?(\w+)`")


def plain(docstring: str | None) -> str:
    """A docstring without its markup, on one line."""
    return " ".join(_ROLE.sub(r"\1", docstring or "").replace("``", "`").split())


def of_fields(kind: type) -> dict[str, str]:
    """Field of a struct -> what is said about it, there or in a base."""
    structs = (base for base in reversed(kind.__mro__) if issubclass(base, Struct) and base is not Struct)
    return {name: said for base in structs for name, said in _of_own_fields(base).items()}


def _of_own_fields(kind: type) -> dict[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)  # noqa: S101 - it is the source of a class
    return {
        field.target.id: plain(said.value.value)
        for field, said in pairwise(definition.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        and isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant) and isinstance(said.value.value, str)
    }  # fmt: skip
