"""The OpenAPI document says what is served, and is valid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner
from schemathesis.specs.openapi.definitions import OPENAPI_31

from lanes.cli import cli
from lanes.web.docstrings import of_fields, plain
from lanes.web.openapi import document
from lanes.web.route import JSON, Body, Query
from lanes.web.table import ROUTES
from tests.unit.web.conftest import Serve

DOCUMENT = document(ROUTES, tokens=True)
OPERATIONS = {f"{method.upper()} {path}": operation for path, methods in DOCUMENT["paths"].items()
              for method, operation in methods.items()}  # fmt: skip


def test_it_is_an_openapi_document() -> None:
    jsonschema_rs.Draft202012Validator(OPENAPI_31).validate(json.loads(json.dumps(DOCUMENT)))


def test_everything_that_is_served_is_documented_and_nothing_else(serve: Serve) -> None:
    rules = serve().application.url_map.iter_rules()
    served = {f"{method} {rule.rule.replace('<', '{').replace('>', '}')}"
              for rule in rules for method in rule.methods or () if method != "HEAD"}
    besides = {"GET /", "GET /static/{path:name}", "GET /openapi.json"}
    assert served == OPERATIONS.keys() | besides


def test_the_server_tells_it_and_the_command_prints_it(serve: Serve) -> None:
    told = serve().get("/openapi.json")
    assert told.mimetype == JSON
    assert told.json == json.loads(CliRunner().invoke(cli, ["api", "--openapi"]).output)


@pytest.mark.parametrize("what", OPERATIONS)
def test_every_operation_says_what_it_does_and_what_may_go_wrong(what: str) -> None:
    operation = OPERATIONS[what]
    assert operation["summary"]
    assert {"403", "422", "429"} < operation["responses"].keys()
    assert all(parameter["description"] for parameter in operation["parameters"])


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(names)) == len(names)


def test_who_needs_a_token_is_said() -> None:
    assert OPERATIONS["POST /api/v1/lanes/{lane}/pause"]["security"] == [{"token": ["operate"]}]
    assert OPERATIONS["GET /api/v1/overview"]["security"] == [{"token": ["read"]}]
    assert OPERATIONS["GET /healthz"]["security"] == []
    assert all(operation["security"] == [] for methods in document(ROUTES, tokens=False)["paths"].values()
               for operation in methods.values())  # fmt: skip


def test_every_reference_leads_somewhere() -> None:
    for reference in _references(DOCUMENT):
        found: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for child in node.values():
            yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)


def test_types_and_fields_say_what_their_docstrings_say() -> None:
    lane = DOCUMENT["components"]["schemas"]["Lane"]
    assert lane["description"] == "A lane: its terms, what is in it now, what became of its mail."
    assert lane["properties"]["objective"]["description"] == "The share of its mail that is to be in time."
    assert "``" not in json.dumps(DOCUMENT)
    assert ":class:" not in json.dumps(DOCUMENT)


class _Base(Query, frozen=True, kw_only=True):
    """A base."""

    one: int = 1
    """The first, a :class:`~lanes.life.State` or ``none``
    of them."""


class _Derived(_Base, frozen=True, kw_only=True):
    """More."""

    two: int = 2
    three: int = 3
    """The third."""


def test_a_field_is_described_by_the_string_below_it() -> None:
    assert of_fields(_Derived) == {"one": "The first, a State or `none` of them.", "three": "The third."}
    assert plain(":class:`~lanes.life.State` or ``none``\n  of them") == "State or `none` of them"


def test_no_query_and_no_body_takes_what_is_not_known() -> None:
    for kind in (*(route.query for route in ROUTES), *Body.__subclasses__()):
        assert kind.__struct_config__.forbid_unknown_fields
