"""What Prometheus is told. No label and no value is a number, a name or a secret."""

from __future__ import annotations

from collections import Counter as TotalCounter
from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from yeta_reconcile.platform.pushes import MODULES, READ
from yeta_reconcile.receiver.contexts import ContextsState
from yeta_reconcile.receiver.counts import CAMPAIGN, Counts
from yeta_reconcile.store.inbox import InboxCounts, PushStanding
from yeta_reconcile.wording import phrase

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0)


# Why a request may be refused before anything of it is kept, in words for the log.
REASONS = {
    "secret": phrase("a wrong secret or none"),
    "path": phrase("a path that is none of the platform's"),
    "network": phrase("from another network than --allow"),
    "host": phrase("for another host"),
    "method": phrase("no POST"),
    "origin": phrase("sent by a browser (Origin)"),
    "type": phrase("of a type that cannot be JSON"),
    "size": phrase("too long"),
    "malformed": phrase("no HTTP request"),
}


# What becomes of a push that is to be handed on, or of a try to do so.
RELAYED = ("handed on", "failed", "refused", "given up")


# What each says of itself in a scrape, besides those of campaigns.
HELP = {
    "yeta_pushes": phrase("Pushes by module and what was answered."),
    "yeta_refused": phrase("Requests that were refused unread, by reason."),
    "yeta_push_seconds": phrase("From a push's last byte to its answer."),
    "yeta_context_seconds": phrase("Answering getDialogContext."),
    "yeta_folded": phrase("Pushes the projector looked at, by standing."),
    "yeta_unread": phrase("Values of calls that could not be read, by field."),
    "yeta_inbox_size": phrase("Pushes that wait to be folded."),
    "yeta_inbox_stuck": phrase("Pushes that could not be folded."),
    "yeta_dead_letters": phrase("Bodies that were no JSON object."),
    "yeta_writer_queue": phrase("Pushes that wait to be stored."),
    "yeta_storing": phrase("1 if the state can be written."),
    "yeta_silent": phrase("1 if no push came for hours while waves are started."),
    "yeta_relayed": phrase("Pushes of other projects, by outcome."),
    "yeta_relay_waiting": phrase("Pushes that are still to be handed on."),
    "yeta_contexts_entries": phrase("Dialog contexts in memory."),
    "yeta_contexts_age_seconds": phrase("Since they were read."),
    "yeta_contexts_stale": phrase("1 if the files have changed and cannot be used."),
    "yeta_last_push_timestamp_seconds": phrase("When a push last came in."),
    "yeta_foreseen_timestamp_seconds": phrase("When was foreseen what the forecasts say; 0: never."),
    "yeta_reconcile_due_timestamp_seconds": phrase(
        "By when `yeta reconcile` was to be at work again; 0: it was ended, or there was none."
    ),
}


GAUGES = (
    "inbox_size", "inbox_stuck", "dead_letters", "writer_queue", "storing", "silent", "relay_waiting",
    "contexts_entries", "contexts_age_seconds", "contexts_stale", "last_push_timestamp_seconds",
    "foreseen_timestamp_seconds", "reconcile_due_timestamp_seconds",
)  # fmt: skip


class Metrics:
    """The receiver's own registry; `gauges` are its plain values, by name."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        made: Any = {"registry": self.registry}
        answered = Counter("yeta_pushes", HELP["yeta_pushes"], ["module", "outcome"], **made)
        self._answered = {
            (module, outcome): answered.labels(module, outcome)
            for module in (*MODULES, "other")
            for outcome in ("stored", "dead", "refused")
        }
        refused = Counter("yeta_refused", HELP["yeta_refused"], ["reason"], **made)
        self._refused = {reason: refused.labels(reason) for reason in REASONS}
        self.push_seconds = Histogram(
            "yeta_push_seconds", HELP["yeta_push_seconds"], buckets=_SECONDS, **made
        )
        self.context_seconds = Histogram(
            "yeta_context_seconds", HELP["yeta_context_seconds"], buckets=_SECONDS, **made
        )
        folded = Counter("yeta_folded", HELP["yeta_folded"], ["standing"], **made)
        self._folded = {standing: folded.labels(standing.name.lower()) for standing in PushStanding}
        unread = Counter("yeta_unread", HELP["yeta_unread"], ["field"], **made)
        self._unread = {field: unread.labels(field) for field in READ}
        relayed = Counter("yeta_relayed", HELP["yeta_relayed"], ["outcome"], **made)
        self._relayed = {outcome: relayed.labels(outcome.replace(" ", "_")) for outcome in RELAYED}
        self.gauges = {name: Gauge(f"yeta_{name}", HELP[f"yeta_{name}"], **made) for name in GAUGES}
        self._campaigns = {
            name: Gauge(f"yeta_campaign_{name}", words, ["campaign"], **made)
            for name, words in CAMPAIGN.items()
        }

    def answered(self, module: str, outcome: str, seconds: float) -> None:
        """A push was answered."""
        known = module if module in MODULES else "other"
        self._answered[known, outcome].inc()
        self.push_seconds.observe(seconds)

    def arrivals(self) -> TotalCounter[tuple[str, str]]:
        """How many pushes were answered so far, by module and outcome."""
        name, told = "yeta_pushes_total", TotalCounter[tuple[str, str]]()
        for module, outcome in self._answered:
            labels = {"module": module, "outcome": outcome}
            told[module, outcome] = int(self.registry.get_sample_value(name, labels) or 0)
        return told

    def refused(self, reason: str) -> None:
        """A request was refused for one of `REASONS`, and nothing of it kept."""
        self._refused[reason].inc()

    def refusals(self) -> TotalCounter[str]:
        """How many requests were refused so far, by reason."""
        return self._told("yeta_refused_total", "reason", REASONS)

    def unread(self, field: str) -> None:
        """A value was there and could not be read."""
        self._unread[field].inc()

    def unread_values(self) -> TotalCounter[str]:
        """How many values could not be read so far, by field."""
        return self._told("yeta_unread_total", "field", self._unread)

    def _told(self, name: str, label: str, values: Iterable[str]) -> TotalCounter[str]:
        found = {value: self.registry.get_sample_value(name, {label: value}) for value in values}
        return TotalCounter({value: int(number or 0) for value, number in found.items()})

    def relayed(self, outcome: str, pushes: int) -> None:
        """The outcome (one of `RELAYED`) of pushes that were to be handed on."""
        self._relayed[outcome].inc(pushes)

    def folded(self, standing: PushStanding) -> None:
        """The projector looked at a push."""
        self._folded[standing].inc()

    def text(
        self,
        counts: InboxCounts | None,
        queue: int,
        contexts: ContextsState,
        now: float,
        *,
        storing: bool,
        campaigns: Counts | None = None,
    ) -> bytes:
        """The exposition; `counts` or `campaigns` None: they are not known yet."""
        if campaigns is not None:
            self.gauges["last_push_timestamp_seconds"].set(campaigns.last_push)
            self.gauges["foreseen_timestamp_seconds"].set(campaigns.foreseen_at)
            self.gauges["reconcile_due_timestamp_seconds"].set(campaigns.reconcile_due)
            for name, gauge in self._campaigns.items():
                gauge.clear()
                for campaign, values in campaigns.campaigns.items():
                    if name in values:
                        gauge.labels(campaign).set(values[name])
        if counts is not None:
            self.gauges["inbox_size"].set(counts.waiting)
            self.gauges["inbox_stuck"].set(counts.stuck)
            self.gauges["dead_letters"].set(counts.dead)
        self.gauges["writer_queue"].set(queue)
        self.gauges["storing"].set(storing)
        self.gauges["contexts_entries"].set(contexts.entries)
        self.gauges["contexts_age_seconds"].set(now - contexts.read_at if contexts.read_at else float("nan"))
        self.gauges["contexts_stale"].set(bool(contexts.problem))
        return generate_latest(self.registry)
