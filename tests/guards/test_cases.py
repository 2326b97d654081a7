"""Each limit as a table: what a plan would do, and what is refused. The cases are in `cases/*.yaml`.

What a case does not say is the plainest there is. `refused` maps a limit to a part of what is said of it:
each refusal is an error at the limit's place. `notes` and `warnings` are whole. `removed` are campaigns
without a document. That a saved plan is refused by a limit which became tighter shows `test_saved.py`.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from yeta_reconcile.diagnostics import Position
from yeta_reconcile.documents.limits import Exemption, Limits
from yeta_reconcile.plan.plan import Action, Change, ChangeKind, Reason
from yeta_reconcile.planning.guards import Bearing, Guards
from yeta_reconcile.planning.spending import Spending

CASES = Path(__file__).parent / "cases"
TODAY = date(2026, 12, 1)


def cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{path.stem}: {case['it']}")
        for path in sorted(CASES.glob("*.yaml"))
        for case in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    ]


def a_change(said: dict[str, Any]) -> Change:
    given = dict(said)
    action = Action(given.pop("action", "create"))
    given["kind"] = ChangeKind(given.get("kind", ChangeKind.PLAIN))
    return Change(given.pop("campaign"), given.pop("wave", 1), action, Reason.NEW, **given)


def a_bearing(said: dict[str, Any]) -> Bearing:
    given = {name: str(value) if name == "other_day" else value for name, value in said.items()}
    return Bearing(**given | {"beyond": tuple(given.get("beyond", ()))})


@pytest.mark.parametrize("case", cases())
def test_a_limit(case: dict[str, Any]) -> None:
    exempt: dict[str, tuple[Exemption, ...]] = dict.fromkeys(("one", "two"), ())
    exempt |= {name: (Exemption.model_validate(one),) for name, one in case.get("exempt", {}).items()}
    for name in case.get("removed", ()):
        del exempt[name]
    bearings = {name: a_bearing(one) for name, one in case.get("bearings", {}).items()}
    spending = Spending(**case["spending"], currency="CNY") if "spending" in case else None
    limits = Limits.model_validate(case.get("limits", {}))
    guards = Guards(limits, exempt, TODAY, lambda *path: Position(".".join(path), 7, 3))

    found = [
        *guards.judge(map(a_change, case.get("changes", ())), case.get("frequent", {}), bearings, spending)
    ]

    refused = {one.position.file: one for one in found if one.severity == "error" and one.position}
    wanted = {f"limits.{name}": words for name, words in case.get("refused", {}).items()}
    said = {name: str(one) for name, one in refused.items()}
    assert set(said) == set(wanted), said
    assert all(words in said[name] for name, words in wanted.items()), said
    assert all(("exempt: [{limit: " in one.hint) != bool(case.get("removed")) for one in refused.values())
    for severity in ("note", "warning"):
        said_of = [one.summary for one in found if one.severity == severity]
        assert said_of == case.get(f"{severity}s", [])


LIMITS = sorted(set(Limits.model_fields) - {"use", "do_not_call"})


@pytest.mark.parametrize("limit", LIMITS)
def test_each_limit_has_what_passes_is_refused_is_exempt_and_is_exempt_no_more(limit: str) -> None:
    kinds = set()
    for (case,) in (one.values for one in cases()):
        exempt = {one["limit"] for one in case.get("exempt", {}).values()}
        if limit in {*case.get("limits", {}), *case.get("refused", {}), *exempt} and exempt <= {limit}:
            kinds.add((bool(exempt), bool(case.get("refused"))))
    assert kinds == {(False, False), (False, True), (True, False), (True, True)}


def test_no_two_cases_say_the_same() -> None:
    names = [param.id for param in cases()]
    assert len(names) == len(set(names))
