"""What each answer of the platform to each call, and each act at the console before it, leads to (`golden/`).

There it says what apply makes of it: exit code and time, problems, what was sent and told, phases; and what
it comes to once the platform works again. Sentences are left out: they are for people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.lab import Lab
from tests.support.scenes import DAY, a_lab, lose_the_state
from yeta_reconcile.emulator import Emulator, Fault
from yeta_reconcile.emulator.codes import Refusal
from yeta_reconcile.errors import YetaError

pytestmark = pytest.mark.sweep

GOLDEN = Path(__file__).parent / "golden"
RECALL = "{count: 1, wait: 10m}"
# What is said besides words for people.
WORDS = {"call", "event", "campaign", "summary", "hint", "why", "words"}
ANSWERS = {
    "busy": Fault("code", code=10004, times=2),
    "busy for long": Fault("code", code=10004, times=40),
    "refused": Fault("code", code=10005),
    "over": Fault("code", code=3010101),
    "gone": Fault("code", code=3010102),
    "no line": Fault("code", code=3030002),
    "no balance": Fault("code", code=200209),
    "no such code": Fault("code", code=99999),
    "closed before": Fault("closed_before"),
    "closed after": Fault("closed_after"),
}
# What somebody at the console does to the task while our call is on its way.
AT_THE_CONSOLE: dict[str, Callable[[Emulator, str], object]] = {
    "deleted meanwhile": Emulator.console_delete,
    "started meanwhile": Emulator.console_start,
    "paused meanwhile": Emulator.console_pause,
    "purged meanwhile": Emulator.console_purge,
}


def nothing(_lab: Lab) -> None:
    """Nothing is there yet."""


def direct(lab: Lab) -> None:
    (lab.root / "renewal.yaml").unlink()
    lab.direct()


def staged(lab: Lab) -> None:
    lab.campaign(state="staged")
    lab.converge()
    lab.campaign()


def edited(lab: Lab) -> None:
    staged(lab)
    lab.campaign(rows=[(0, "改过"), 1, 2])


def forgotten(lab: Lab) -> None:
    staged(lab)
    lose_the_state(lab)


def started(lab: Lab) -> None:
    lab.converge()


def to_be_paused(lab: Lab) -> None:
    started(lab)
    lab.campaign(state="paused")


def to_be_resumed(lab: Lab) -> None:
    to_be_paused(lab)
    lab.converge()
    lab.campaign()


def to_be_deleted(lab: Lab) -> None:
    started(lab)
    lab.remove("renewal")


def to_be_carried(lab: Lab) -> None:
    started(lab)
    lab.campaign(recall=RECALL)


STORIES: dict[str, tuple[str, Callable[[Lab], None]]] = {
    "create": ("create", nothing),
    "insert": ("insert", nothing),
    "start": ("start", staged),
    "pause": ("pause", to_be_paused),
    "resume": ("start", to_be_resumed),
    "delete": ("delete", to_be_deleted),
    "drain": ("pause", to_be_carried),
    "carry": ("delete", to_be_carried),
    "discard": ("delete", edited),
    "orphan": ("delete", forgotten),
    "callout": ("callout", direct),
}


def told(event: dict[str, Any]) -> str:
    facts = {key: int(value) for key, value in event.items() if key not in WORDS and key != "task"}
    hint = {"hint": bool(event["hint"])} if "hint" in event else {}
    return f"{event['campaign']} {event['event']} {facts | hint}"


def what_came_of_it(lab: Lab) -> str:
    sent, lab.events[:], begun = len(lab.changes_sent()), [], lab.clock.seconds()
    try:
        report = lab.apply()
        end = f"exit {report.exit_code.value}"
    except YetaError as error:
        end = f"{type(error).__name__}, exit {error.exit_code.value}"
    lines = [f"{end}, after {lab.clock.seconds() - begun:.1f} s"]
    calls = [f"{call} x {len([*same])}" for call, same in groupby(lab.changes_sent()[sent:])]
    lines.append("sent: " + ", ".join(calls))
    lines += [told(event) for event in lab.events]
    with lab.store() as store:
        waves = [wave for record in store.waves.recorded().campaigns.values() for wave in record.waves]
        for wave in waves:
            doubts = [intent.call for intent in store.intents.open(wave.wave_id)]
            facts = (wave.number, wave.attempt, wave.phase.value, wave.pending, wave.to_discard)
            lines.append(f"wave {facts}, doubts {doubts}, by hand {wave.outside_yeta}")
    return "".join(f"    {line}\n" for line in lines)


def struck(lab: Lab, call: str, name: str) -> None:
    """What goes wrong with the next such call."""
    if fault := ANSWERS.get(name):
        lab.emulator.faults.add(Fault(fault.kind, f"task/{call}", code=fault.code, times=fault.times))
        return

    def meanwhile(request: httpx.Request) -> None:
        if request.url.path.endswith(f"task/{call}"):
            lab.before = None
            for task_id in list(lab.emulator.tasks):
                with suppress(Refusal):
                    AT_THE_CONSOLE[name](lab.emulator, task_id)

    lab.before = meanwhile


@pytest.mark.parametrize("story", STORIES)
def test_what_each_answer_of_the_platform_leads_to(
    tmp_path: Path, story: str, golden: Callable[[Path, str], None]
) -> None:
    call, before = STORIES[story]
    text = ""
    for name in [*ANSWERS, *(() if call in {"create", "callout"} else AT_THE_CONSOLE)]:
        lab = a_lab(tmp_path / name)
        lab.campaign()
        before(lab)
        struck(lab, call, name)
        text += f"{name}:\n{what_came_of_it(lab)}"
        lab.emulator.faults.clear()
        text += f"  and then:\n{what_came_of_it(lab)}"
        lab.emulator.advance(DAY)
        rung = Counter(Counter(lab.rung()).values())
        assert rung.keys() <= {1}, name
        text += f"  rung: {rung[1]}\n"
    golden(GOLDEN / f"{story}.txt", text)
