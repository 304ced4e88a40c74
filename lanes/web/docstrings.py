"""What our types say about their fields: the string below each, which Python itself forgets."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from itertools import pairwise

_ROLE = re.compile(r":\w+:`~?(?:[\w.]+\.)?(\w+)`")


def plain(docstring: str | None) -> str:
    """A docstring without its markup, on one line."""
    return " ".join(_ROLE.sub(r"\1", docstring or "").replace("``", "`").split())


def of_fields(kind: type) -> dict[str, str]:
    """Field -> what is said about it, also by a base of ours."""
    ours = (base for base in reversed(kind.__mro__) if base.__module__.startswith("lanes."))
    return {name: said for base in ours for name, said in _of_own_fields(base).items()}


def _of_own_fields(kind: type) -> dict[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)  # noqa: S101 - it is the source of a class
    return {
        field.target.id: plain(said.value.value)
        for field, said in pairwise(definition.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        and isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant) and isinstance(said.value.value, str)
    }  # fmt: skip
