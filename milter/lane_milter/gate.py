"""The decision at end-of-message: classify, choose a relay, and admit in one Redis round trip.

Contract: :meth:`Gate.decide` returns within the budget plus the classifier's own time, and never
raises. Without Redis it answers from local rules: pass, tagged.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Literal, NamedTuple

import structlog
from msgspec import structs
from redis import RedisError

from lane_milter import metrics
from lane_milter.alert_mail import AlertMail
from lane_milter.breaker import Breaker
from lanes.config import Settings
from lanes.message import Decision, Evidence, Message, Record, domain_of, first_of, printable
from lanes.policy import Classifier
from lanes.policy.text import decode
from lanes.routes.roads import Roads
from lanes.store.costs import Costs
from lanes.store.countries import SharedCountries
from lanes.store.relays import Relays
from lanes.store.store import Candidate, Store, Verdict

log = structlog.get_logger("lanes.filter")

#: Characters of a subject that are decoded for the record.
_SUBJECT = 1000
#: Seconds between two looks at senders, of whom there may be thousands.
_SENDERS = 2.0

Action = Literal["pass", "hold", "defer", "watch"]


class Outcome(NamedTuple):
    """What the session is to carry out."""

    action: Action
    lane: str
    deadline: float
    relay: str
    alert: bool = False
    """Whether it is our own mail about an alert."""


class Gate:
    """Decides for every session; safe to share between threads."""

    def __init__(self, settings: Settings, classifier: Classifier, store: Store, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._classifier = classifier
        self._store = store
        self._clock = clock
        self._shadow = settings.mode == "shadow"
        self._is_alert = AlertMail(settings)
        self.mta = settings.mta.name
        """Whose hold it is, if a message is held."""
        self.headers = settings.policy.limits.headers
        """How many of a message's headers are looked at."""
        self._scores: dict[str, float] = {}
        self._scores_due = 0.0
        self._roads = Roads(settings, random.random)
        self._relays = Relays(store.client, settings)
        self._costs = Costs(store.client, settings)
        self._countries = SharedCountries(store.client)
        self._breaker = Breaker(settings.milter.breaker_failures, settings.milter.breaker_reset, time.monotonic)

    def decide(self, id: str, message: Message) -> Outcome:
        """Lane, deadline, relay, and what to do; ``id`` may be empty."""
        started, now = time.perf_counter(), self._clock()
        candidates = self._candidates(message, self._classify(message, now), now)
        classified = time.perf_counter()
        alert = self._is_alert(message)
        verdict = Verdict("pass", candidates[0].record) if alert else self._admit(id, candidates, now)
        ended = time.perf_counter()
        metrics.SECONDS.labels(self.mta, "classify").observe(classified - started)
        metrics.SECONDS.labels(self.mta, "admit").observe(ended - classified)
        outcome = self._outcome(verdict, alert)
        if outcome.action == "pass":
            self._roads.given(outcome.relay)
        metrics.VERDICTS.labels(self.mta, outcome.action).inc()
        self._tell(id, verdict.record, outcome.action, ended - started)
        return outcome

    def refresh(self) -> None:
        """Learn anew how the relays are, what was spent, and where mail goes; from time to time, which senders stand
        badly, too.

        Raises :class:`redis.RedisError`; what was known then goes on.
        """
        now = self._clock()
        self._roads.look(now)
        self._roads.learn(self._relays.conditions(now), self._costs.budgets(now), now)
        unlocated = self._roads.unlocated()
        self._roads.locate(unlocated, self._countries.find(unlocated, now), now)
        if (beat := time.monotonic()) >= self._scores_due:
            self._scores_due = beat + _SENDERS
            self._scores = self._store.senders.poor(now)

    def _classify(self, message: Message, now: float) -> Decision:
        return self._classifier.classify(message, now, self._scores.get(printable(message.sender)))

    def _outcome(self, verdict: Verdict, alert: bool) -> Outcome:
        action: Action = "pass" if verdict.action == "known" else verdict.action
        record = verdict.record
        return Outcome("watch" if self._shadow else action, record.lane, record.deadline, record.relay, alert)

    def _candidates(self, message: Message, decision: Decision, now: float) -> list[Candidate]:
        """The lanes that the message may go to: its own, and those that it may be demoted to."""
        if self._shadow:
            return [Candidate(self._record(message, self._watched(decision), now))]
        own = self._record(message, decision, now)
        candidates = [Candidate(own)]
        while self._leads_down(lane := decision.lane):
            below = self._classifier.demote(decision, message, now, f"lane {lane} is full")
            if below is None:
                break
            full = self._placed(own, below, message)
            over = self._because(full, f"the sender is over its quota in lane {lane}")
            candidates.append(Candidate(full, over))
            decision = below
        return candidates

    def _placed(self, record: Record, decision: Decision, message: Message) -> Record:
        """The record of a message of which something else was decided."""
        choice = self._roads.route(decision, record.sender, record.domain, record.accepted, message.recipients)
        return structs.replace(record, lane=decision.lane, deadline=decision.deadline, relay=choice.relay,
                               evidence=(*decision.evidence, *choice.evidence))

    def _because(self, record: Record, why: str) -> Record:
        """The record of a message that was last demoted for another reason."""
        pieces = list(record.evidence)
        last = max((place for place, piece in enumerate(pieces) if piece.rule == "demoted"), default=None)
        if last is not None:
            saw = printable(why, self._settings.policy.limits.evidence_chars)
            pieces[last] = structs.replace(pieces[last], saw=saw)
        return structs.replace(record, evidence=tuple(pieces))

    def _leads_down(self, lane: str) -> bool:
        terms = self._settings.lanes[lane]
        return terms.overflow == "demote" or terms.quota is not None

    def _watched(self, decision: Decision) -> Decision:
        """The decision, saying that it was not carried out."""
        held = {"never": "passed", "congested": "held while the window is full", "always": "held"}
        would = f"would be {held[self._settings.lanes[decision.lane].hold]}"
        return structs.replace(decision, evidence=(*decision.evidence, Evidence("shadow", "mode", would)))

    def _record(self, message: Message, decision: Decision, now: float) -> Record:
        subject = next((value for name, value in message.headers if name.lower() == "subject"), "")
        record = Record(
            lane=decision.lane,
            accepted=now,
            deadline=decision.deadline,
            domain=printable(domain_of(message.recipients), 255),
            recipients=len(message.recipients),
            relay="",
            sender=printable(message.sender),
            subject=printable(decode(subject[:_SUBJECT]), 80),
            to=first_of(message.recipients),
        )
        return self._placed(record, decision, message)

    def _admit(self, id: str, candidates: list[Candidate], now: float) -> Verdict:
        """The store's verdict; pass in the first lane if there is none to be had."""
        local = Verdict("pass", candidates[0].record)
        if not id:
            return self._open("no queue id", local)
        if not self._breaker.allows():
            return self._open("breaker", local)
        try:
            verdict = self._store.admit(id, candidates, now, watch=self._shadow)
        except RedisError as error:
            self._breaker.failed()
            log.warning("redis did not answer; mail passes", id=id, error=str(error))
            return self._open("redis", local)
        self._breaker.succeeded()
        return verdict

    def _open(self, reason: str, verdict: Verdict) -> Verdict:
        metrics.FAIL_OPEN.labels(self.mta, reason).inc()
        return verdict

    @staticmethod
    def _tell(id: str, record: Record, action: Action, seconds: float) -> None:
        why = "; ".join(f"{e.rule}: {e.says}" for e in record.evidence)
        log.info("decision", id=id, action=action, lane=record.lane, slack=round(record.deadline - record.accepted, 3),
                 relay=record.relay, domain=record.domain, why=printable(why), ms=round(seconds * 1000, 3))
