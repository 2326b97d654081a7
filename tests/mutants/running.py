"""Runs the tests of a room on each of its mutants, within one process of pytest.

The tests are collected once. A first round without a mutant tells which test reaches which line, and what
each takes of the processor. On each mutant a child of this process then runs those that reach what differs,
one after the other until one fails: first those that killed others of the same function, and cheap ones.
Time is the processor's, so that other load kills no mutant. Where tests are cheap a child goes on with
further mutants, and in the end shows that what failed fails by the mutant alone.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import coverage
import pytest
from _pytest.runner import runtestprotocol
from mutmut.mutation.trampoline import set_mutant_under_test

KILLED, SURVIVED, HUNG = "killed", "survived", "hung"
# What a child says when a test that it failed a mutant with fails without one: it is not as it was.
SPOILED = "spoiled"

# A child runs so many mutants where tests are as cheap as it is to make one (seconds), else one.
TOGETHER, CHEAP = 25, 0.05

# A test that takes more than so many times what it took without a mutant, and some seconds, hangs.
LONGER, SECONDS = 10, 5


@dataclass(slots=True)
class Child:
    """A process that runs tests on mutants, by their numbers."""

    numbers: list[int]
    told: int
    place: str


@dataclass(slots=True)
class Hunt:
    """What is known of a room: its mutants, which tests reach them, and which of them have killed."""

    # Of each mutant: key, function, reached_by, body.
    mutants: list[dict[str, Any]]
    out: Path
    until: float
    children: int
    costs: list[float] = field(default_factory=list)
    reach: dict[str, dict[int, list[int]]] = field(default_factory=dict)
    tried: Counter[tuple[str, int]] = field(default_factory=Counter)
    kills: Counter[tuple[str, int]] = field(default_factory=Counter)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Everything: pytest's own loop is not run."""
        if session.testsfailed:
            raise session.Interrupted("the tests cannot be collected")
        gc.collect()
        gc.freeze()
        self.measure(session)
        running: dict[int, Child] = {}
        together = TOGETHER if sum(self.costs) < CHEAP * len(self.costs) else 1
        numbers = range(len(self.mutants))
        waiting = [[*numbers[at : at + together]] for at in numbers[::together]][::-1]
        while waiting or running:
            while waiting and len(running) < self.children and time.monotonic() < self.until:
                self.begin(session, waiting.pop(), running)
            if time.monotonic() >= self.until:
                waiting.clear()
            if running:
                waiting += self.await_one(running)
        return True

    def measure(self, session: pytest.Session) -> None:
        """Run each test without a mutant, in a child as later on."""
        place = Path(tempfile.mkdtemp(prefix="mutants-"))
        answer = self.out.with_suffix(".reach")
        pid = os.fork()
        if not pid:
            alone(str(place))
            answer.write_text(json.dumps(self.reached(session)), "utf-8")
            os._exit(0)
        os.waitpid(pid, 0)
        if not answer.exists():
            raise session.Interrupted("the tests end the process")
        told = json.loads(answer.read_text("utf-8"))
        shutil.rmtree(place, ignore_errors=True)
        if told["failed"]:
            raise session.Interrupted(f"without a mutant these fail: {told['failed']}")
        self.costs = told["costs"]
        self.reach = {
            module: {int(line): tests for line, tests in lines.items()}
            for module, lines in told["reach"].items()
        }

    def reached(self, session: pytest.Session) -> dict[str, Any]:
        modules = {mutant["module"]: Path(mutant["module"]).resolve() for mutant in self.mutants}
        traced = coverage.Coverage(
            data_file=None, config_file=False, include=[str(path) for path in modules.values()]
        )
        traced.start()
        costs, failed = [], []
        for number, item in enumerate(session.items):
            before, former = time.process_time(), session.testsfailed
            traced.switch_context(str(number))
            after = session.items[number + 1] if number + 1 < len(session.items) else None
            runtestprotocol(item, nextitem=after)
            costs.append(time.process_time() - before)
            if session.testsfailed > former:
                failed.append(item.nodeid)
        traced.stop()
        data = traced.get_data()
        reach = {
            module: {
                line: sorted(int(context) for context in contexts if context)
                for line, contexts in data.contexts_by_lineno(str(path)).items()
            }
            for module, path in modules.items()
        }
        return {"costs": costs, "failed": failed, "reach": reach}

    def chosen(self, mutant: dict[str, Any]) -> list[int]:
        """The tests that reach what differs, the likeliest and cheapest to kill first."""
        lines = self.reach[mutant["module"]]
        first, last = mutant["body"]
        found = {test for line in mutant["reached_by"] for test in lines.get(line, ())}
        # No test reaches the head of a function, and a few lines bear no code.
        found = found or {test for line in range(first, last + 1) for test in lines.get(line, ())}

        def worth(test: int) -> float:
            at = (mutant["function"], test)
            return (self.kills[at] + 1 / len(found)) / (self.tried[at] + 1) / (self.costs[test] + 0.01)

        return sorted(found, key=lambda test: (-worth(test), test))

    def begin(self, session: pytest.Session, numbers: list[int], running: dict[int, Child]) -> None:
        place = tempfile.mkdtemp(prefix="mutants-")
        told, telling = os.pipe()
        pid = os.fork()
        if pid:
            os.close(telling)
            running[pid] = Child(numbers, told, place)
            return
        alone(place)
        killers = set()
        for number in numbers:
            set_mutant_under_test(self.mutants[number]["key"])
            begun, outcome = self.attempt(session, self.chosen(self.mutants[number]))
            os.write(telling, f"{json.dumps([number, outcome, begun])}\n".encode())
            self.learn(number, outcome, begun)
            if outcome == KILLED:
                killers.add(begun[-1])
        set_mutant_under_test("")
        if len(numbers) > 1 and self.attempt(session, sorted(killers))[1] == KILLED:
            os.write(telling, f"{json.dumps([0, SPOILED, []])}\n".encode())
        os._exit(0)

    def attempt(self, session: pytest.Session, tests: list[int]) -> tuple[list[int], str]:
        """Run tests one after the other until one fails: those that were begun, and whether one did."""
        session.testsfailed = 0
        for at, test in enumerate(tests):
            used = resource.getrusage(resource.RUSAGE_SELF)
            limit = used.ru_utime + used.ru_stime + self.costs[test] * LONGER + SECONDS
            resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, resource.RLIM_INFINITY))
            after = session.items[tests[at + 1]] if at + 1 < len(tests) else None
            runtestprotocol(session.items[test], nextitem=after)
            if session.testsfailed:
                session._setupstate.teardown_exact(None)
                return tests[: at + 1], KILLED
        return tests, SURVIVED

    def await_one(self, running: dict[int, Child]) -> list[list[int]]:
        """Wait for a child, write down the outcomes of its mutants; the groups that are to be run anew."""
        pid, status, used = os.wait4(-1, 0)
        if pid not in running:
            return []
        child = running.pop(pid)
        with os.fdopen(child.told, encoding="utf-8") as pipe:
            said = [json.loads(line) for line in pipe]
        shutil.rmtree(child.place, ignore_errors=True)
        if any(outcome == SPOILED for _, outcome, _ in said):
            return [[number] for number in child.numbers]
        rest = child.numbers[len(said) :]
        if status and rest:
            said.append([rest.pop(0), HUNG, []])
        seconds = (used.ru_utime + used.ru_stime) / max(len(said), 1)
        with self.out.open("a", encoding="utf-8") as file:
            for number, outcome, begun in said:
                self.learn(number, outcome, begun)
                file.write(json.dumps([number, outcome, len(begun), round(seconds, 3)]) + "\n")
        return [rest] if rest else []

    def learn(self, number: int, outcome: str, begun: list[int]) -> None:
        """Which tests were run on a mutant; the last of them killed it, if one did."""
        function = self.mutants[number]["function"]
        self.tried.update((function, test) for test in begun)
        if outcome == KILLED:
            self.kills[function, begun[-1]] += 1


def alone(place: str) -> None:
    """Let this process, a child, be heard by nobody and write into a folder of its own."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.environ["PYTEST_DEBUG_TEMPROOT"] = os.environ["TMPDIR"] = tempfile.tempdir = place


def main() -> int:
    """Run what a file says: mutants, tests, where results go."""
    asked = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    until = time.monotonic() + asked["seconds"] if asked["seconds"] else float("inf")
    hunt = Hunt(asked["mutants"], Path(asked["out"]), until, asked["children"])
    return int(pytest.main([*asked["arguments"], *asked["tests"]], plugins=[hunt]))


if __name__ == "__main__":
    sys.exit(main())
