"""Where a recipient is: by the site's own table of domains; else by the country in which its mail server stands, if
that is known; else by the country code of its domain.

A country code says where a domain belongs, not where its mail server stands; for where mail is to go, that is
mostly the same. A generic domain (``.com``) is nowhere, unless the site's table or the server's country says so. A
country is in the region in which its code is, so what the site's table says of ``de`` holds for both.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from importlib import resources

from lanes import addresses


class Regions:
    """The site's table over what is built in."""

    def __init__(self, own: Mapping[str, str]) -> None:
        self._own = _with_all_below({domain.lower(): region for domain, region in own.items()})
        self._table = {**_with_all_below(_country_codes()), **self._own}

    def of(self, domain: str, country: Callable[[str], str] = lambda _: "") -> str:
        """The region of a recipient domain; empty if it is not known.

        ``country`` says in which one the domain's mail server stands, as a code of ISO 3166-1; empty if it does
        not know. It is not asked for what the site's table has.
        """
        if own := addresses.look_up(self._own, domain):
            return own
        return self._table.get(country(domain), "") or addresses.look_up(self._table, domain) or ""


def _with_all_below(table: Mapping[str, str]) -> dict[str, str]:
    return {key: region for domain, region in table.items() for key in (domain, f"*.{domain}")}


def _country_codes() -> dict[str, str]:
    text = (resources.files(__package__) / "regions.toml").read_text("utf-8")
    return {code: region for region, codes in tomllib.loads(text).items() for code in codes.split()}
