"""What can be asked of besides keys: words, commands, codes, findings, changes, events, results and metrics.

What findings, events and words mean stands in `said.json`, which the tests make out of the code and of
docs/glossary.md, as they make docs/reference.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from prometheus_client.metrics_core import Metric

from yeta_reconcile.cli.app import COMMANDS
from yeta_reconcile.cli.examples import COMMANDS as SHOWN
from yeta_reconcile.cli.examples import EXITS
from yeta_reconcile.cli.help import translated
from yeta_reconcile.exits import Exit
from yeta_reconcile.plan.plan import ACTION, REASON, Action, Reason
from yeta_reconcile.platform.call import NAMES, RESULTS
from yeta_reconcile.platform.codes import CODES, describe
from yeta_reconcile.receiver.metrics import REASONS, Metrics
from yeta_reconcile.render.words import result_said
from yeta_reconcile.wording import phrase, spoken, worded

SAID = Path(__file__).parent / "said.json"
# Of success there is nothing to say.
_CODES = tuple(str(code) for code in CODES if code)
_PUT_IN = re.compile(r"\{[^}]*\}")


@cache
def said() -> dict[str, dict[str, Any]]:
    """`findings`: severities and a message of each, by code; `events`: a message of each.

    `words`: the Chinese of each word of the glossary, and what it means.
    """
    made: dict[str, dict[str, Any]] = json.loads(SAID.read_text(encoding="utf-8"))
    return made


def names() -> list[str]:
    """All that `known` knows."""
    found = [name for part in said().values() for name in part]
    found += [*COMMANDS, *(str(int(code)) for code in Exit), *Action, *Reason, *NAMES, *REASONS]
    found += [*RESULTS, *_CODES]
    return [*found, *map(named, metrics())]


def known(name: str) -> Iterator[str]:
    """What a name means, besides a key of a document, in the language of the run."""
    if name in said()["words"]:
        chinese, meaning = said()["words"][name]
        yield (
            worded("`{word}` ({chinese}): {meaning}", word=name, chinese=chinese, meaning=translated(meaning))
            + "\n"
        )
    if name in COMMANDS:
        meaning = translated(COMMANDS[name])
        yield _told(
            worded("the command {name}: {meaning}", name=f"`yeta {name}`", meaning=meaning), SHOWN[name]
        )
    if name.isdecimal() and int(name) in {*Exit}:
        means, example = EXITS[Exit(int(name))]
        yield _told(worded("exit code {code}: {meaning}", code=name, meaning=means), spoken(example))
    if name in said()["findings"]:
        severities, message = said()["findings"][name]
        yield _told(
            worded("a finding of a plan or a check ({severity})", severity=severities), _example(message)
        )
    if name in said()["events"]:
        yield _told(worded("an event of `notify.on`"), _example(said()["events"][name]))
    if name in {*Action}:
        yield worded("an action of a plan: {meaning}", meaning=ACTION[Action(name)]) + "\n"
    if name in {*Reason}:
        yield worded("a reason of a change: {meaning}", meaning=REASON[Reason(name)]) + "\n"
    if name in NAMES:
        results = [
            f"  {code} {result_said(code, RESULTS[code].words)}" for code in sorted(NAMES[name], key=int)
        ]
        yield "\n".join([worded("results of calls, for `recall.again.on`:"), *results]) + "\n"
    if name in RESULTS:
        meaning = result_said(name, RESULTS[name].words)
        yield worded("the platform's result {code} of a call: {meaning}", code=name, meaning=meaning) + "\n"
    if name in _CODES:
        words, advice = describe(int(name))
        told = worded("the platform's code {code}: {words} ({advice})", code=name, words=words, advice=advice)
        yield told + "\n"
    if name in REASONS:
        yield worded("a reason of `yeta_refused_total`: {meaning}", meaning=REASONS[name]) + "\n"
    for metric in metrics() if name.startswith("yeta_") else ():
        if named(metric) == name:
            meaning = translated(metric.documentation)
            yield _told(
                worded("a metric ({type}): {meaning}", type=metric.type, meaning=meaning), sample(metric)
            )


def metrics() -> Iterator[Metric]:
    """What the receiver tells Prometheus."""
    yield from Metrics().registry.collect()


def named(metric: Metric) -> str:
    """The name by which it is asked for."""
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def sample(metric: Metric) -> str:
    """A line of it, as a scrape has it."""
    first = metric.samples[0] if metric.samples else None
    name = first.name if first else metric.name
    given = first.labels if first else {"campaign": "spring-renewal"} if "_campaign_" in name else {}
    labels = ",".join(f'{label}="{value}"' for label, value in given.items())
    return f"{name}{f'{{{labels}}}' if labels else ''} {1796004000 if 'timestamp' in name else 3}"


def _example(message: str) -> str:
    """A message with a mark where something is put in."""
    return _PUT_IN.sub("…", translated(message))


def _told(meaning: str, example: str) -> str:
    return f"{meaning}\n{spoken(phrase('example: {value}', value=example))}\n"
