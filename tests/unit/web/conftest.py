"""An application whose Redis is not there: what is tested here is decided before anybody asks it."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from lanes.house import House
from lanes.web.app import create_app

Serve = Callable[..., FlaskClient]


def token_settings(**scopes: str) -> str:
    """Tokens of these names and scopes; each is ``token-NAME``."""
    return "".join(f'[web.tokens.{name}]\nscope = "{scope}"\nsha256 = "{digest(name)}"\n'
                   for name, scope in scopes.items())


def digest(name: str) -> str:
    """Of ``token-NAME``."""
    return sha256(f"token-{name}".encode()).hexdigest()


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """Makes a client of an application with these settings, which asks from loopback unless told otherwise."""

    def make(settings: str = "", **tokens: str) -> FlaskClient:
        file = tmp_path / "lanes.toml"
        file.write_text(f'redis.url = "unix://{tmp_path}/nobody"\ndata_dir = "{tmp_path}"\n{settings}\n'
                        f"{token_settings(**tokens)}")
        return create_app(House(file)).test_client()

    return make
