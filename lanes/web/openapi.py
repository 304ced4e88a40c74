"""The API's OpenAPI 3.1 document, made from the routes that are served and the types that they take and give.

Contract: all of it is in :mod:`lanes.web.table` and the types' own words. Where nobody needs a token, it says so.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec import inspect

from lanes import __version__
from lanes.web import docstrings
from lanes.web.problems import MEDIA_TYPE, Problem
from lanes.web.route import PATH, Route
from lanes.web.table import ROUTES

_SCHEMAS = "#/components/schemas/{name}"
_PROBLEM = "#/components/responses/problem"
_NOTHING: dict[str, Any] = {}


@functools.cache
def as_json(*, tokens: bool) -> str:
    """The document of the API; ``tokens``: whether who asks needs one."""
    return json.dumps(document(ROUTES, tokens=tokens), indent=2)


def document(routes: Sequence[Route], *, tokens: bool) -> dict[str, Any]:
    """The document; ``tokens``: whether who asks needs one."""
    types = [*_types(routes), Problem]
    schemas, components = msgspec.json.schema_components(types, ref_template=_SCHEMAS)
    _add_words(components, types)
    refs = {str(kind): schema for kind, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, refs, components, tokens=tokens)
    queries = {route.query.__name__ for route in routes}
    return {
        "openapi": "3.1.0",
        "info": {"title": "mta-lanes", "version": __version__, "license": {"name": "GPL-2.0-or-later"},
                 "description": "Priority lanes, deadlines and SLA signalling of a mail server."},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in components.items() if name not in queries},
            "responses": {"problem": _content("What is wrong.", MEDIA_TYPE, refs[str(Problem)])},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }  # fmt: skip


def _types(routes: Sequence[Route]) -> list[Any]:
    """Every type that is taken or given, once."""
    used = (kind for route in routes for kind in (route.gives, route.query, *route.bodies.values()))
    return list({str(kind): kind for kind in used}.values())


def _operation(route: Route, refs: dict[str, Any], components: dict[str, Any], *, tokens: bool) -> dict[str, Any]:
    summary, _, more = docstrings.plain(route.says or route.answers.__doc__).partition(". ")
    body = {"requestBody": _body(route, refs)} if route.bodies else _NOTHING
    return {
        "operationId": _name(route),
        "summary": summary.removesuffix("."),
        **({"description": more} if more else _NOTHING),
        "security": [{"token": [route.scope]}] if route.scope and tokens else [],
        "parameters": [*_path(route), *_query(route, components)],
        **body,
        "responses": {
            **{str(status): _content(words, route.media, refs[str(route.gives)]) for status, words in _good(route)},
            **{str(status): {"$ref": _PROBLEM} for status in _problems(route, tokens=tokens)},
        },
    }  # fmt: skip


def _good(route: Route) -> Iterator[tuple[int, str]]:
    return ((status, HTTPStatus(status).description or HTTPStatus(status).phrase) for status in route.statuses)


def _problems(route: Route, *, tokens: bool) -> list[int]:
    body = (400, 413, 415) if route.bodies else ()
    return sorted({403, 422, 429, *body, *((401,) if route.scope and tokens else ()), *route.problems})


def _name(route: Route) -> str:
    """Of the operation: ``post_messages_id_release``."""
    parts = re.findall(r"\w+", route.path.removeprefix("/api/v1"))
    return "_".join([route.method.lower(), *parts])


def _content(description: str, media: str, schema: Any) -> dict[str, Any]:
    return {"description": description, "content": {media: {"schema": schema}}}


def _body(route: Route, refs: dict[str, Any]) -> dict[str, Any]:
    schemas = {media: _NOTHING if kind is bytes else refs[str(kind)] for media, kind in route.bodies.items()}
    content = {media: {"schema": schema} for media, schema in schemas.items()}
    return {"required": route.body_required, "content": content}


def _path(route: Route) -> list[dict[str, Any]]:
    schemas = {name: msgspec.json.schema(PATH[name]) for name in re.findall(r"{(\w+)}", route.path)}
    return [{"name": name, "in": "path", "required": True, "description": schema.pop("description"), "schema": schema}
            for name, schema in schemas.items()]


def _query(route: Route, components: dict[str, Any]) -> list[dict[str, Any]]:
    fields = components[route.query.__name__]["properties"]
    return [_parameter(name, schema) for name, schema in fields.items()]


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    kind = {key: value for key, value in schema.items() if key != "description"}
    return {"name": name, "in": "query", "description": schema["description"], "schema": kind}


def _add_words(components: dict[str, Any], types: Sequence[Any]) -> None:
    """Let the schemas say what the types' docstrings do."""
    structs = {kind.__name__: kind for kind in _structs(inspect.multi_type_info(types))}
    for schema in components.values():
        schema["description"] = docstrings.plain(schema.get("description"))
        words = docstrings.of_fields(structs[schema["title"]]) if schema["title"] in structs else {}
        for name, said in words.items():
            schema["properties"][name]["description"] = said


def _structs(known: object) -> Iterator[type]:
    """The structs in what msgspec knows of types, however deep; generic ones have no names of their own."""
    if isinstance(known, inspect.StructType) and isinstance(known.cls, type):
        yield known.cls
    if isinstance(known, msgspec.Struct):
        known = [getattr(known, name) for name in known.__struct_fields__]
    if isinstance(known, list | tuple):
        for one in known:
            yield from _structs(one)
