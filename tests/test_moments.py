"""Every moment that people read has one form and the project's zone."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.support.sources import parsed
from yeta_reconcile.apply.controller import Controller, Turn
from yeta_reconcile.exits import Exit
from yeta_reconcile.moments import moment, since
from yeta_reconcile.store.halt_flag import HaltFlag
from yeta_reconcile.store.lock import Holder

PACKAGE = Path(__file__).parents[1] / "yeta_reconcile"
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 12, 1, 12, tzinfo=SHANGHAI)

# Where a moment is written in another form than `moments.moment`, and why that is right.
OTHER_FORMS = {
    "moments.py": 2,
    # The time of day that is compared with a limit, and the day it names.
    "platform/hours.py": 1, "cli/commands/call.py": 1,
    # A part of one, in a column or beside the whole of another.
    "cli/commands/calls/dialog.py": 1, "render/overview.py": 2, "render/words.py": 1,
    "render/timetable.py": 1,
    # The report's page names its zone once.
    "report/words.py": 1, "report/sections.py": 1,
}  # fmt: skip
# Where seconds become a moment without the bounds of `coercion.instant`: our own clock's, or a calendar's.
OTHER_READINGS = {
    "platform/coercion.py": 1, "cli/log.py": 1, "planning/openings.py": 1, "planning/lookalikes.py": 1,
    "planning/forecast.py": 1,
}  # fmt: skip


def forms(tree: ast.AST) -> Iterator[str]:
    """How a module makes texts of moments, and moments of numbers."""
    for node in ast.walk(tree):
        match node:
            case ast.FormattedValue(format_spec=ast.JoinedStr() as form):
                if re.search(r"%[A-Za-z]|pattern", ast.unparse(form)):
                    yield "text"
            case ast.Call(func=ast.Attribute(attr="strftime", value=value)) if ast.unparse(value) != "time":
                yield "text"
            case ast.Call(func=ast.Attribute(attr="isoformat"), args=args, keywords=named):
                if args or any(one.arg == "sep" for one in named):
                    yield "text"
            case ast.Call(func=ast.Attribute(attr="fromtimestamp" | "utcfromtimestamp")):
                yield "reading"


def places(kind: str) -> dict[str, int]:
    found: Counter[str] = Counter()
    for path in PACKAGE.rglob("*.py"):
        name = str(path.relative_to(PACKAGE))
        if not name.startswith("emulator/"):  # a stranger
            found[name] = [*forms(parsed(path))].count(kind)
    return dict(+found)


def test_a_moment_in_words_is_made_in_one_place() -> None:
    assert places("text") == OTHER_FORMS


def test_what_was_kept_becomes_a_moment_in_one_place() -> None:
    assert places("reading") == OTHER_READINGS


def test_a_moment_has_its_offset_and_seconds_only_where_there_are_any() -> None:
    assert moment(NOON) == "2026-12-01 12:00+08:00"
    assert moment(NOON.replace(second=5, microsecond=9)) == "2026-12-01 12:00:05+08:00"
    assert since(NOON, NOON) == "from 12:00"
    assert since(NOON + timedelta(days=1, seconds=7), NOON) == "from 2026-12-02 12:00+08:00"


def test_a_halt_is_said_by_the_clocks_of_the_project(tmp_path: Path) -> None:
    flag = HaltFlag.beside("state/yeta.db", tmp_path, zone=SHANGHAI)

    flag.set("li@ops-1", NOON.astimezone(UTC))

    assert flag.why() == "halted by li@ops-1 at 2026-12-01 12:00+08:00"
    # Set by an earlier version, in UTC.
    flag.path.write_text(flag.path.read_text("utf-8").replace("12:00:00+08:00", "04:00:00+00:00"), "utf-8")
    assert flag.why() == "halted by li@ops-1 at 2026-12-01 12:00+08:00"


def test_who_holds_the_lock_is_said_by_the_clocks_of_the_project() -> None:
    holder = Holder("x", "ops-1", 7, "apply", int(NOON.timestamp() * 1000))

    assert holder.said(SHANGHAI) == "`yeta apply`, process 7 on ops-1, since 2026-12-01 12:00+08:00"


def test_the_controllers_file_says_its_rounds_by_the_clocks_of_the_project(tmp_path: Path) -> None:
    class Noon:
        def now(self) -> datetime:
            return NOON.astimezone(UTC)

        def sleep(self, seconds: float) -> None: ...

    status = tmp_path / "status.json"

    Controller(lambda: Turn(Exit.DONE), Noon(), lambda: True, status, lambda: SHANGHAI).go()

    assert json.loads(status.read_text("utf-8"))["at"] == "2026-12-01T12:00:00+08:00"
