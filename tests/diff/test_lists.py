"""The comparison of a list with what is recorded, as a table: who is new, held, edited, removed, and why.

The cases are in `lists/`, one a file, to be read without the code: `lists/README.md` says how. `delta` is all
that the comparison counts, but for where a row stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from tests.support.lists import COLUMNS, ROBOT, at
from tests.support.subjects import NAME, wave_record
from yeta_reconcile.diagnostics import Position
from yeta_reconcile.documents.donotcall import DoNotCall
from yeta_reconcile.documents.listspec import ListSpec
from yeta_reconcile.documents.reach import Reach
from yeta_reconcile.marks import Key
from yeta_reconcile.planning.continued import Elsewhere, HeldElsewhere
from yeta_reconcile.planning.delta import RowsDelta, StagedDelta, hold
from yeta_reconcile.planning.ledger import Ledger
from yeta_reconcile.planning.list_diff import Comparison
from yeta_reconcile.planning.trial import Choice
from yeta_reconcile.store import Store
from yeta_reconcile.waves.record import CampaignRecord, RowRecord, RowState, WaveRecord
from yeta_reconcile.waves.rounds import Closed, Rounds, Rule, Try

CASES = Path(__file__).parent / "lists"
KEY = Key(b"a key of tests")
NOW = 1_000_000

STATES = {state.name.lower(): state for state in RowState}
# The words for a wave, as a record has it.
WAVES: dict[str, dict[str, Any]] = {
    "staged": {"phase": "verified"},
    "full": {"phase": "verified", "full": True},
    "running": {"phase": "started"},
    "completed": {"phase": "completed"},
    "expired": {"phase": "expired"},
    "accounted": {"phase": "expired", "tel_count": "as recorded"},
    "discarded": {"phase": "discarded"},
}


def cases() -> list[Any]:
    return [
        pytest.param(yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader), id=path.stem)
        for path in sorted(CASES.glob("*.yaml"))
    ]


def number(short: str) -> str:
    """The number that a case writes as one or two digits; with a 0 before it as former versions kept it."""
    return "0" * short.startswith("0") + f"1990000{int(short):04d}"


def parted(row: str) -> tuple[str, str, str]:
    """Key, number and name of a row: `A 1 Li`, or `1 Li` where the number is the key."""
    found = re.fullmatch(r"(?:([A-Z]+) )?(\d+)(?: (.*))?", row)
    assert found, row
    return found[1] or "", number(found[2]), found[3] or ""


def key_of(row: str) -> bytes:
    key, digits, _ = parted(row)
    return KEY.row_digest(key or digits)


def recorded(wave_id: int, given: Mapping[str, Any]) -> tuple[WaveRecord, list[RowRecord]]:
    """A wave with its rows, by the state of each."""
    rows = [
        RowRecord(
            wave_id,
            key_of(row),
            KEY.content_digest((digits, name)),
            0,
            0,
            KEY.row_digest(digits) if key else None,
            STATES[state],
            given.get("round", 1),
        )
        for state in STATES.keys() & given.keys()
        for row in given[state]
        for key, digits, name in [parted(row)]
    ]
    made = dict(WAVES[given["is"]])
    counts = {state: len(given.get(state, ())) for state in STATES.keys() - {"set_aside"}}
    if made.get("tel_count"):
        made["tel_count"] = counts["dialled"]
    asked = {"recall": {"count": 2, "wait": "10m"}} if "in_vain" in given else {}
    return wave_record(wave_id, asked=asked, round=given.get("round", 1), **made, **counts), rows


def store_of(waves: Mapping[int, Any], rows: list[RowRecord], aside: list[str]) -> Store:
    """The four questions that a ledger asks of a state."""
    said = {
        key_of(row): (KEY.content_digest((digits, name)), "list.csv", line, 200203)
        for line, row in enumerate(aside, 2)
        for _, digits, name in [parted(row)]
    }

    def tries(wave_id: int, _keys: object) -> dict[bytes, list[Try]]:
        calls = waves[wave_id].get("calls", {})
        return {key_of(row): [Try(code, False, 1, 1) for code in codes] for row, codes in calls.items()}

    def unreached(wave_id: int, keys: list[bytes]) -> set[bytes]:
        return {*map(key_of, waves[wave_id].get("in_vain", ()))} & {*keys}

    kept = [row for row in rows if waves[row.wave_id]["is"] != "discarded" or row.state is RowState.DIALLED]
    return cast(
        "Store",
        SimpleNamespace(
            waves=SimpleNamespace(set_aside=lambda _: said, ledger=lambda _: kept),
            calls=SimpleNamespace(unreached=unreached),
            rounds=SimpleNamespace(tries=tries),
        ),
    )


def held_elsewhere(said: Mapping[str, Mapping[str, list[int]]]) -> dict[bytes, HeldElsewhere]:
    """Whom the campaigns that it continues hold, by name and how."""
    return {
        KEY.row_digest(number(str(one))): HeldElsewhere(name, Elsewhere[how.upper()], 7 * (how == "leaving"))
        for name, ways in said.items()
        for how, numbers in ways.items()
        for one in numbers
    }


def rounds_of(said: Mapping[str, Any] | None) -> Rounds:
    if said is None:
        return Rounds()
    rule = Rule(frozenset(said["codes"]), said.get("rounds", 1))
    closed = {wave: Closed(since) for wave, since in said.get("closed", {}).items()}
    awaited, unproven = (dict.fromkeys(said.get(name, ()), "") for name in ("awaited", "unproven"))
    return Rounds(rule, NOW, closed, awaited, unproven)


def listed(folder: Path, case: Mapping[str, Any]) -> ListSpec:
    """The list as a file, and what the document says of it."""
    keyed = "key" in case.get("contacts", {})
    header, *rows = [("id,phone,name") if keyed else "phone,name"] + [
        ",".join(part for part in parted(row) if part or not keyed).removeprefix(",") for row in case["list"]
    ]
    (folder / "list.csv").write_text("\n".join([header, *rows, ""]), "utf-8")
    without = None
    if "do_not_call" in case:
        barred = folder / "barred.csv"
        barred.write_text("".join(f"{number(str(one))}\n" for one in case["do_not_call"]))
        without = DoNotCall(
            ((barred, "barred.csv", Position("yeta.yaml", 1, 1)),), Reach.of(folder, (), (), "")
        )
    given: dict[str, Any] = {
        name: tuple(value) if name == "key" else value for name, value in case.get("contacts", {}).items()
    }
    return ListSpec(folder / "list.csv", "list.csv", columns=COLUMNS, at=at, without=without, **given)


def counted(delta: RowsDelta) -> dict[str, Any]:
    """All that a delta says, in the words of a case."""
    said = {
        one.name: value
        for one in fields(delta)
        if one.compare and one.name != "diagnostics" and (value := getattr(delta, one.name))
    }
    staged = said.pop("staged", {})
    if staged:
        said["staged"] = {
            wave: one.rows if one.same else {name: n for name, n in spelled(one) if n}
            for wave, one in staged.items()
        }
    if "leaving" in said:
        said["leaving"] = {f"{name} {wave}": n for (name, wave), n in said["leaving"].items()}
    return said


def spelled(staged: StagedDelta) -> Iterator[tuple[str, int]]:
    return ((one.name, getattr(staged, one.name)) for one in fields(staged))


@pytest.mark.parametrize("case", cases())
def test_the_comparison_of_a_list_with_its_ledger(case: dict[str, Any], tmp_path: Path) -> None:
    made = {wave_id: recorded(wave_id, given) for wave_id, given in case.get("waves", {}).items()}
    waves = [wave for wave, _ in made.values() if case["waves"][wave.wave_id]["is"] != "discarded"]
    rows = [row for _, of_wave in made.values() for row in of_wave]
    canary = case.get("canary")
    choice = Choice(canary["size"], canary.get("called", 0), canary.get("begun", False)) if canary else None
    if choice:
        waves = [replace(wave, canary=choice.mark) for wave in waves]
    holds = {wave.wave_id: hold(wave) for wave in waves}
    store = store_of(case.get("waves", {}), rows, case.get("set_aside", []))
    record = CampaignRecord(NAME, "Campaign", waves=tuple(waves)) if made or "set_aside" in case else None
    ledger = Ledger.read(store, record, holds, rounds=rounds_of(case.get("again")))
    elsewhere = held_elsewhere(case.get("continued", {}))

    comparison = Comparison(listed(tmp_path, case), ROBOT, KEY, ledger, elsewhere, choice)
    delta = comparison.delta(holds, set(holds))

    assert counted(delta) == case["delta"]
    assert [f"{one.code} {one.position.line}" for one in delta.diagnostics if one.position] == case.get(
        "says", []
    )
    entering = [int(row.number[-4:]) for row in comparison.select()]
    assert entering == case.get("enters", []), "who enters the next wave"
    assert len(entering) == delta.new, "what is counted is what is staged"


def test_a_case_is_called_what_it_says() -> None:
    said = {
        param.id: re.sub("[^a-z0-9]+", "-", param.values[0]["it"].lower()).strip("-") for param in cases()
    }
    assert {name: words for name, words in said.items() if not re.fullmatch(rf"\d\d-{words}", name)} == {}
    assert len(set(said.values())) == len(said)
