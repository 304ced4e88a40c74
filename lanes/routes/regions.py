"""Where a recipient is: by the site's own table of domains, else by the country code of its domain.

A country code says where a domain belongs, not where its mail server stands; for where mail is to go, that is
mostly the same. A generic domain (``.com``) is nowhere, unless the site's table says so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources

from lanes import addresses


class Regions:
    """The site's table over what is built in."""

    def __init__(self, own: Mapping[str, str]) -> None:
        table = {**_country_codes(), **{domain.lower(): region for domain, region in own.items()}}
        self._table = {key: region for domain, region in table.items() for key in (domain, f"*.{domain}")}

    def of(self, domain: str) -> str:
        """The region of a recipient domain; empty if it is not known."""
        return addresses.look_up(self._table, domain) or ""


def _country_codes() -> dict[str, str]:
    text = (resources.files(__package__) / "regions.toml").read_text("utf-8")
    return {code: region for region, codes in tomllib.loads(text).items() for code in codes.split()}
