"""A corpus of mail as a site sees it, generated: headers as real senders write them, each message with the
lane that a person would give it.

Contract: :func:`corpus` gives the same messages for the same seed. Labels are a person's, not the
classifier's: ``why`` says what makes a message hard, and some are meant to be missed.
"""

from __future__ import annotations

import base64
import quopri
import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from lanes.message import Message

#: The site's own verifier, whose results are believed.
AUTHSERV_ID = "mx.example.net"


class Sample(NamedTuple):
    """A message, what it is, and where it belongs."""

    kind: str
    message: Message
    lane: str
    why: str = ""
    """What makes it hard, if anything does."""


Headers = list[tuple[str, str]]

CODES = (
    "Your verification code is {n}", "{n} is your Acme login code", "G-{n} is your Google verification code",
    "Ihr Bestätigungscode lautet {n}", "Dein Einmalpasswort", "Votre code de vérification : {n}",
    "Tu código de verificación es {n}", "Seu código de segurança", "Il tuo codice di verifica è {n}",
    "Je verificatiecode is {n}", "Twój kod weryfikacyjny: {n}", "【Acme】認証コードのお知らせ", "您的验证码是 {n}",
)
RESETS = (
    "Reset your password", "Acme: password reset requested", "Passwort zurücksetzen",
    "Réinitialisation de votre mot de passe", "Restablece tu contraseña", "Redefinição de senha",
    "Reimposta la tua password", "Wachtwoord opnieuw instellen", "Zresetuj hasło", "パスワードの再設定", "重置您的密码",
)
ALERTS = (
    "Security alert: new sign-in on Linux", "Your password was changed", "Neue Anmeldung bei Ihrem Konto",
    "Alerte de sécurité", "Alerta de seguridad", "Alerta de segurança", "Avviso di sicurezza",
    "Beveiligingsmelding", "Nowe logowanie na Twoje konto", "新しいデバイスからのログイン", "安全提醒",
)
TALK = (
    "Re: Lunch on Thursday?", "Minutes of the meeting", "Invoice 2027-{n}", "Fwd: Photos from the trip",
    "Re: Re: Angebot für das Dach", "Rendez-vous de demain", "Duda sobre el contrato", "会議の件",
    "Re: deployment of {n}", "Postal code for the invoice", "Neue Anmeldung zum Sommerfest",
    "The access badge of our new colleague",
)
NEWS = (
    "The weekly digest, issue {n}", "20% off everything until Sunday", "Your December update", "Rabatt auf alle Schuhe",
    "Les nouveautés de la semaine", "今週のセール", "10 ways to reset your password habits",
    "Why one-time passwords are not enough in 2027",
    "Security alert: what last year's breaches teach us",
    "So ändern Sie Ihr Passwort: fünf Tipps", "Webinar: verification codes, explained",
)
RECEIPTS = (
    "Your order {n} has shipped", "Receipt for your payment", "Ihre Rechnung {n}", "Votre commande {n}",
    "Booking confirmed: {n}", "Appointment reminder for Monday",
)


class Writer:
    """Writes messages with a generator of its own, so that a corpus can be had again."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def number(self) -> str:
        """Six digits."""
        return f"{self.random.randrange(10**6):06}"

    def pick(self, some: tuple[str, ...]) -> str:
        """One of some templates, filled in."""
        return self.random.choice(some).format(n=self.number())

    def encoded(self, text: str) -> str:
        """A subject as mailers write it: plain, or in one of the ways of RFC 2047 and RFC 6532."""
        if text.isascii() or not text.isprintable():
            return text
        way = self.random.randrange(3)
        if way == 0:
            return f"=?UTF-8?B?{base64.b64encode(text.encode()).decode()}?="
        if way == 1:
            quoted = quopri.encodestring(text.encode(), header=True).decode().replace("=\n", "")
            return f"=?utf-8?Q?{quoted.replace('?', '=3F')}?="
        return text

    def mail(
        self, subject: str, *more: tuple[str, str], sender: str = "", trust: str = "", **envelope: object
    ) -> Message:
        """A message with the headers that any mail has; ``trust``: user, local, aligned or none."""
        names = ("anna", "ben", "info", "noreply")
        sender = sender or f"{self.random.choice(names)}@{self.random.choice(DOMAINS)}"
        recipient = f"user{self.random.randrange(1000)}@{self.random.choice(OWN)}"
        headers = (*self._trace(sender, recipient, trust), ("Subject", self.encoded(subject)), *more)
        message = Message(sender, (recipient,), headers, "203.0.113.25", size=self.random.randrange(2_000, 200_000))
        return msgspec.structs.replace(message, **{**ORIGINS.get(trust, {}), **envelope})

    def _trace(self, sender: str, recipient: str, trust: str) -> Headers:
        """What servers and mailers add on the way."""
        domain, n = sender.rpartition("@")[2], self.number()
        result = "pass" if trust == "aligned" else self.random.choice(("none", "fail"))
        return [
            ("Authentication-Results", VERIFIED.format(id=AUTHSERV_ID, result=result, domain=domain, n=n)),
            ("DKIM-Signature", SIGNATURE.format(domain=domain, hash=n * 7, signature=n * 50)),
            *(("Received", RECEIVED.format(hop=hop, domain=domain, n=n, recipient=recipient))
              for hop in range(self.random.randrange(1, 4))),
            ("From", f'"{domain} team" <{sender}>'),
            ("To", recipient),
            ("Message-ID", f"<{n}@{domain}>"),
            ("Date", "Fri, 15 Jan 2027 08:00:00 +0000"),
            ("MIME-Version", "1.0"),
            ("X-Mailer", f"Mailer {n[0]}.{n[1]}"),
            ("Content-Type", f'multipart/alternative;\r\n\tboundary="{n * 4}"'),
        ]

    def list_headers(self) -> Headers:
        """What a campaign carries: the first of these, or more."""
        n = self.number()
        return [
            ("List-Unsubscribe", f"<https://news.example/u/{n * 10}>,\r\n\t<mailto:leave-{n}@news.example>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("List-Id", f"Campaign {n} <{n}.news.example>"),
            ("Feedback-ID", f"{n}:{n}:campaign:esp"),
            ("Precedence", "bulk"),
            ("X-Campaign", n),
        ][: self.random.choice((1, 3, 4, 6))]


VERIFIED = """{id};\r
\tdkim={result} (2048-bit key) header.d={domain} header.s=s1 header.b={n};\r
\tspf={result} smtp.mailfrom=b-{n}@bounce.{domain};\r
\tdmarc={result} (p=NONE) header.from={domain}"""
SIGNATURE = """v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=s1;\r
\tt=1800000000; bh={hash};\r
\th=From:To:Subject:Date:Message-ID;\r
\tb={signature}"""
RECEIVED = """from mta{hop}.{domain} (mta{hop}.{domain} [198.51.100.{hop}])\r
\tby relay{hop}.{domain} (Postfix) with ESMTPS id {n}{hop}\r
\tfor <{recipient}>; Fri, 15 Jan 2027 08:00:0{hop} +0000 (UTC)"""
DOMAINS = ("acme.example", "shop.example", "bank.example", "mail.partner.example", "news.example", "xn--e1a.example")
OWN = ("example.net", "mail.example.net", "example.org")
ORIGINS: dict[str, dict[str, object]] = {
    "user": {"user": "anna"},
    "local": {"client": ""},
    "aligned": {},
}
TRUST = ("user", "local", "aligned")


def _urgent(write: Writer) -> Sample:
    subject = write.pick(write.random.choice((CODES, RESETS, ALERTS)))
    return Sample("urgent, trusted", write.mail(subject, trust=write.random.choice(TRUST)), "priority")


def _urgent_with_footer(write: Writer) -> Sample:
    headers = (("List-Unsubscribe", "<https://acme.example/settings>"), ("Feedback-ID", "1:2:code:esp"))
    message = write.mail(f"Your verification code is {write.number()}", *headers, trust="aligned")
    return Sample("code, by a bulk mailer", message, "priority")


def _urgent_outside(write: Writer) -> Sample:
    subject = write.pick(write.random.choice((CODES, RESETS, ALERTS)))
    return Sample("urgent, untrusted", write.mail(subject), "normal")


ASKED = (("urgent", "priority"), ("normal", "normal"), ("bulk", "bulk"), ("PRIORITY", "priority"))


def _asked(write: Writer) -> Sample:
    asked, lane = write.random.choice(ASKED)
    deadline = ("X-SLA-Deadline", "2027-01-15T08:10:00Z")
    more = (("X-Message-Priority", asked), deadline, ("X-Cost-Preference", "balanced"))
    return Sample("asked, trusted", write.mail(write.pick(TALK), *more, trust=write.random.choice(TRUST)), lane)


def _asked_outside(write: Writer) -> Sample:
    more = (("X-Message-Priority", "urgent"), ("X-Priority", "1"), ("Importance", "high"), ("MT-Priority", "9"))
    return Sample("asked, untrusted", write.mail(write.pick(TALK), *more), "normal")


HINTS = (
    ("MT-Priority", "6", "priority"),
    ("MT-Priority", "-6", "bulk"),
    ("Priority", "urgent", "priority"),
    ("Priority", "non-urgent", "bulk"),
    ("X-Priority", "5 (Lowest)", "bulk"),
    ("X-Priority", "1 (Highest)", "normal"),
    ("X-Rich-Metadata", '{"priority": {"level": "urgent"}, "tenant": "a", "tags": ["x", "y"]}', "priority"),
)


def _hinted(write: Writer) -> Sample:
    name, value, lane = write.random.choice(HINTS)
    return Sample("hinted, trusted", write.mail(write.pick(TALK), (name, value), trust="user"), lane)


def _newsletter(write: Writer) -> Sample:
    message = write.mail(write.pick(NEWS), *write.list_headers(), trust=write.random.choice(("aligned", "")))
    return Sample("newsletter", message, "bulk")


def _list(write: Writer) -> Sample:
    more = (
        ("List-Id", "Users <users.lists.example>"),
        ("List-Post", "<mailto:users@lists.example>"),
        ("Precedence", "list"),
        ("List-Unsubscribe", "<mailto:users-leave@lists.example>"),
    )
    return Sample("mailing list", write.mail(write.pick(TALK), *more, sender="users-bounces@lists.example"), "bulk")


def _receipt(write: Writer) -> Sample:
    more = (("Auto-Submitted", "auto-generated"), ("Feedback-ID", "1:2:receipt:esp"))
    return Sample("receipt", write.mail(write.pick(RECEIPTS), *more, trust="aligned"), "normal")


def _talk(write: Writer) -> Sample:
    references = ("References", "\r\n\t".join(f"<{write.number()}@acme.example>" for _ in range(5)))
    message = write.mail(write.pick(TALK), references, trust=write.random.choice(("user", "aligned", "")))
    return Sample("people", message, "normal")


def _crowd(write: Writer) -> Sample:
    recipients = tuple(f"user{n}@example.net" for n in range(80))
    message = write.mail("Office closed on Monday", trust="user", recipients=recipients)
    return Sample("to eighty people", message, "bulk")


def _bounce(write: Writer) -> Sample:
    more = (("Auto-Submitted", "auto-replied"), ("X-Failed-Recipients", "gone@example.net"))
    return Sample("bounce", write.mail("Undelivered Mail Returned to Sender", *more), "normal")


def _broken(write: Writer) -> Sample:
    noise = "".join(chr(write.random.choice((0, 10, 0xDCFF, 0xD800, 0x3F, 0x3D, 0x20, 0xE9))) for _ in range(200))
    more = (("X-SLA-Deadline", noise), ("MT-Priority", noise), ("X-Rich-Metadata", "{" + noise), (noise[:20], noise),
            ("X-Message-Priority", noise[:30]), ("Authentication-Results", f"{AUTHSERV_ID}; {noise}"))
    return Sample("broken", write.mail(noise, *more), "normal")


def _campaign_in_disguise(write: Writer) -> Sample:
    return Sample("campaign without list headers", write.mail(write.pick(NEWS[:6])), "bulk",
                  "no header says that it is one of many, and subjects alone do not demote")


def _answer(write: Writer) -> Sample:
    reply = ("In-Reply-To", f"<{write.number()}@acme.example>")
    return Sample("a colleague's answer", write.mail("Re: how do I reset my password?", reply, trust="user"), "normal")


def _question(write: Writer) -> Sample:
    return Sample("a colleague's question", write.mail("How do I reset my password?", trust="user"), "normal",
                  "the words of a reset, from a trusted sender, and no conversation yet")


def _uncommon_language(write: Writer) -> Sample:
    return Sample("code, unlisted language", write.mail("Vahvistuskoodi on tässä", trust="aligned"), "priority",
                  "the phrases do not have its language; a site adds it to a file")


#: How many of each hundred messages are of which making.
MAKERS: tuple[tuple[int, Callable[[Writer], Sample]], ...] = (
    (14, _urgent), (3, _urgent_with_footer), (6, _urgent_outside), (6, _asked), (3, _asked_outside), (7, _hinted),
    (22, _newsletter), (8, _list), (8, _receipt), (13, _talk), (1, _answer), (1, _crowd), (2, _bounce), (3, _broken),
    (1, _campaign_in_disguise), (1, _question), (1, _uncommon_language),
)


def corpus(hundreds: int = 6, seed: int = 2027) -> list[Sample]:
    """``hundreds`` times a hundred messages, shuffled."""
    write = Writer(seed)
    samples = list(_samples(write, hundreds))
    write.random.shuffle(samples)
    return samples


def _samples(write: Writer, hundreds: int) -> Iterator[Sample]:
    for share, make in MAKERS:
        for _ in range(share * hundreds):
            yield make(write)
