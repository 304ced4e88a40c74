"""Where mail for a domain goes: the addresses of its mail servers, by DNS (RFC 5321, 5.1; RFC 7505).

Contract: bounded in time (:data:`PATIENCE` for each question) and in what is asked for: the addresses of at most
:data:`HOSTS` servers, the best first. A domain that does not exist, cannot, or takes no mail has none.

Failure: :class:`UnansweredError` if DNS does not answer for now.
"""

from __future__ import annotations

from collections.abc import Iterator

import dns.exception
import dns.name
import dns.resolver

#: Seconds that a question may take.
PATIENCE = 3.0
#: Servers of a domain whose addresses are asked for.
HOSTS = 3


class UnansweredError(Exception):
    """Ask again later."""


class MailHosts:
    """Asks a resolver, by default the host's own (resolv.conf(5)). Raises :class:`OSError` if there is none."""

    def __init__(self, resolver: dns.resolver.Resolver | None = None) -> None:
        try:
            self._resolver = resolver or dns.resolver.Resolver()
        except dns.resolver.NoResolverConfiguration as error:
            raise OSError(str(error)) from error

    def addresses(self, domain: str) -> Iterator[str]:
        """The addresses of its mail servers, the best server's first; asked for as they are taken."""
        try:
            hosts = self._hosts(dns.name.from_text(domain))
        except (dns.exception.DNSException, UnicodeError) as error:
            _give_up_if_temporary(error)
            return
        for host in hosts[:HOSTS]:
            yield from self._of_host(host)

    def _hosts(self, domain: dns.name.Name) -> list[dns.name.Name]:
        """Those of the MX records, the best first; the domain itself without any; nobody by a null MX."""
        try:
            found = sorted((record.preference, record.exchange) for record in self._ask(domain, "MX"))
        except dns.resolver.NoAnswer:
            return [domain]
        return [host for _, host in found if host != dns.name.root]

    def _of_host(self, host: dns.name.Name) -> Iterator[str]:
        for kind in ("A", "AAAA"):
            try:
                yield from (record.address for record in self._ask(host, kind))
            except dns.exception.DNSException as error:
                _give_up_if_temporary(error)

    def _ask(self, name: dns.name.Name, kind: str) -> dns.resolver.Answer:
        return self._resolver.resolve(name, kind, lifetime=PATIENCE)


def _give_up_if_temporary(error: Exception) -> None:
    if isinstance(error, dns.exception.Timeout | dns.resolver.NoNameservers):
        raise UnansweredError(str(error)) from error
