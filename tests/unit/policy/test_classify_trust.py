"""Who may ask for urgency."""

from __future__ import annotations

from pathlib import Path

import pytest

from lanes.message import Message
from tests.unit.policy.mail import NOW, OUTSIDE, mail, policy, said, with_rules

POLICY = policy('policy.authserv_ids = ["mx.example.net"]\npolicy.trusted_networks = ["10.0.0.0/8", "2001:db8::/32"]')


def urgent(*results: str, author: str = "Alice <alice@example.com>", **origin: str) -> Message:
    headers = [("Authentication-Results", result) for result in results]
    message = mail(("X-Message-Priority", "urgent"), *headers, **{**OUTSIDE, **origin})
    author_first = tuple((n, author if n == "From" else v) for n, v in message.headers)
    return Message(message.sender, message.recipients, author_first, message.client, message.user)


TRUSTED = {
    "local submission": urgent(client=""),
    "an authenticated user": urgent(user="alice"),
    "a trusted network": urgent(client="10.1.2.3"),
    "a trusted IPv6 network": urgent(client="2001:DB8::7"),
    "an IPv4 address in IPv6 clothes": urgent(client="::ffff:10.1.2.3"),
    "DMARC": urgent("mx.example.net; dmarc=pass (p=reject dis=none) header.from=example.com"),
    "DKIM of the same organization": urgent("mx.example.net; dkim=pass header.d=mail.example.com header.b=abc"),
    "SPF of the same organization": urgent("mx.example.net; spf=pass smtp.mailfrom=bounce@em.example.com"),
    "an authserv-id in another case, with a version": urgent("MX.Example.NET 1; dmarc=pass header.from=example.com"),
    "a folded header": urgent("mx.example.net;\r\n\tspf=fail;\r\n\tdmarc=pass header.from=example.com"),
    "a second header": urgent("mx.example.net; spf=fail smtp.mailfrom=a@b.test",
                              "mx.example.net; dmarc=pass header.from=example.com"),
    "a semicolon in a comment": urgent("mx.example.net; spf=fail (a; b); dmarc=pass header.from=example.com"),
}
UNTRUSTED = {
    "anybody": urgent(),
    "an address next to a trusted network": urgent(client="11.0.0.1"),
    "what is not an address": urgent(client="unknown"),
    "an authserv-id that is not ours": urgent("evil.test; dmarc=pass header.from=example.com"),
    "our authserv-id in a comment": urgent("evil.test (mx.example.net); dmarc=pass header.from=example.com"),
    "a failed check": urgent("mx.example.net; dmarc=fail header.from=example.com"),
    "a pass in a comment": urgent("mx.example.net; dmarc=fail (dmarc=pass) header.from=example.com"),
    "DKIM of another organization": urgent("mx.example.net; dkim=pass header.d=evil.test"),
    "DKIM of a public suffix's other tenant": urgent("mx.example.net; dkim=pass header.d=evil.co.uk",
                                                     author="a@victim.co.uk"),
    "SPF of another organization": urgent("mx.example.net; spf=pass smtp.mailfrom=evil.test"),
    "a malformed result": urgent("mx.example.net; dmarc=; =pass; ;;; header.from=example.com"),
    "no author": urgent("mx.example.net; dmarc=pass header.from=example.com", author=""),
}


@pytest.mark.parametrize("message", TRUSTED.values(), ids=TRUSTED.keys())
def test_is_trusted(message: Message) -> None:
    assert POLICY.classify(message, NOW).lane == "priority"


@pytest.mark.parametrize("message", UNTRUSTED.values(), ids=UNTRUSTED.keys())
def test_is_not_trusted(message: Message) -> None:
    decision = POLICY.classify(message, NOW)

    assert decision.lane == "normal"
    assert said(decision, "x-message-priority") == "lane priority ignored: sender not trusted"


def test_no_authentication_results_are_believed_unless_the_site_says_whose() -> None:
    message = urgent("mx.example.net; dmarc=pass header.from=example.com")

    assert policy().classify(message, NOW).lane == "normal"


def test_the_evidence_says_what_trust_rests_on() -> None:
    decision = POLICY.classify(TRUSTED["DMARC"], NOW)

    assert ("aligned", "dmarc=pass for example.com", "sender trusted") in {
        (piece.rule, piece.saw, piece.says) for piece in decision.evidence
    }


def test_a_site_may_trust_everybody(tmp_path: Path) -> None:
    site = with_rules(tmp_path, '[[rule]]\nname = "everybody"\ntrust = true')

    assert site.classify(urgent(), NOW).lane == "priority"


def test_a_site_may_trust_some_domains_only(tmp_path: Path) -> None:
    site = with_rules(tmp_path, """
        [[rule]]
        name = "aligned"
        when = { aligned = "*.partner.example" }
        trust = true
        """, settings='policy.authserv_ids = ["mx.example.net"]')
    result = "mx.example.net; dmarc=pass header.from={}"

    lanes = [site.classify(urgent(result.format(domain), author=f"a@{domain}"), NOW).lane
             for domain in ("a.partner.example", "example.com")]

    assert lanes == ["priority", "normal"]


def test_a_rule_may_do_without_trust(tmp_path: Path) -> None:
    site = with_rules(tmp_path, """
        [[rule]]
        name = "codes"
        when = { phrase = "one-time-code" }
        lane = "priority"
        needs_trust = false
        """)

    assert site.classify(mail(subject="Your verification code", **OUTSIDE), NOW).lane == "priority"
