"""Of this host: folders, the history, the API."""

from __future__ import annotations

from collections.abc import Iterator

from lanes.config.check_web import on_loopback
from lanes.doctor.facts import Facts, HistorySeen, PlaceSeen
from lanes.doctor.finding import Finding

_ENOUGH = 100_000_000
_OTHERS_WRITE = 0o002
_ROOT = 0


def data_dir(seen: PlaceSeen, facts: Facts) -> Iterator[Finding]:
    """Whether our programs can work in it, and nobody else."""
    path = facts.settings.data_dir
    why = "heartbeats, the history and the embedded Redis are in there"
    if not seen.there:
        yield Finding("data-dir", f"{path} is not there", why, mend="systemd-tmpfiles --create",
                      by_hand="after contrib/tmpfiles was installed")
        return
    if seen.mode & _OTHERS_WRITE:
        yield Finding("data-dir", f"everybody may write in {path}", "who forges heartbeats stops the failsafe",
                      mend=f"chmod o-w {path}")
    if seen.filter_user not in (None, _ROOT, seen.owner):
        yield Finding("data-dir", f"{path} is user {seen.owner}'s, and the filter runs as user {seen.filter_user}", why,
                      mend=f"chown -R {seen.filter_user} {path}")
    if seen.free < _ENOUGH:
        yield Finding("data-dir-space", f"only {seen.free // 10**6} MB are free in {path}", why, by_hand="make room")


def history(seen: HistorySeen, _: Facts) -> Iterator[Finding]:
    """Whether it can be reached."""
    if seen.error:
        yield Finding("history", f"the history cannot be read: {seen.error}",
                      "Redis keeps what is not written for a week, and then it is lost",
                      by_hand="does history.url lead to it, and has the manager run? Its log says more")


def api(_: PlaceSeen, facts: Facts) -> Iterator[Finding]:
    """Whether tokens go over the network in the clear."""
    web = facts.settings.web
    if web.listen and not on_loopback(web):
        yield Finding(
            "api", f"the API listens on {web.listen}, without TLS", "tokens can be read on the way", severity="hint",
            by_hand="listen on loopback, behind a web server that does TLS; or only on a network that you trust",
        )  # fmt: skip
