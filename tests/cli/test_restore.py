"""state restore and state check, and the recipes of the documentation, followed word by word."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.applied import applied, direct_calls, held
from tests.support.lab import number
from tests.support.postgres import PostgresServer
from tests.support.served import Done, Served

PAGE = (Path(__file__).parents[2] / "docs" / "state.md").read_text(encoding="utf-8")
ASKS = {"state restore", "state rebuild", "resume", "apply"}


def recipe(heading: str) -> list[str]:
    """The commands that a section of the page gives."""
    section = re.split(r"^##+ ", PAGE, flags=re.MULTILINE)
    text = next(part for part in section if part.startswith(f"{heading}\n"))
    found = re.search(r"```sh\n(.*?)```", text, flags=re.DOTALL)
    assert found
    return found[1].splitlines()


def follow(here: Served, heading: str) -> dict[str, Done]:
    """Type what the page says; a person says yes where one is asked."""
    told = {}
    for line in recipe(heading):
        if not line.startswith("yeta "):
            subprocess.run(["bash", "-ec", line], cwd=here.root, check=True)
            continue
        words = shlex.split(line)[1:]
        asked = any(" ".join(words).startswith(command) for command in ASKS)
        told[" ".join(words[:2])] = here.main(*words, *(["--yes"] if asked else []))
    return told


def damage(here: Served) -> None:
    file = here.root / "state" / "yeta.db"
    with file.open("r+b") as stream:
        stream.seek(100)
        stream.write(b"\xff" * 12_000)


def finish(here: Served) -> None:
    """What is left to do, done; then everything rings."""
    for _ in range(4):
        here.emulator.advance(600)
        if here.main("apply", "--yes").code == 0 and here.main("plan", "--detailed-exitcode").code == 0:
            break
    here.emulator.advance(3600)


@pytest.mark.parametrize("there", ["sound", "missing", "damaged", "in PostgreSQL"])
def test_a_copy_that_is_restored_word_by_word_calls_nobody_twice_and_forgets_nobody(
    here: Served, there: str, request: pytest.FixtureRequest
) -> None:
    if there == "in PostgreSQL":
        server: PostgresServer = request.getfixturevalue("postgres")
        here.environ |= {"YETA_STATE": server.schema(), "YETA_STATE_KEY": "the key of the tests"}
    applied(here, 5)
    follow(here, "Backup")
    here.emulator.advance(600)
    here.rows("renewal", range(9))
    direct_calls(here, range(50, 52))
    assert here.main("apply", "--yes").code == 0
    here.emulator.advance(600)
    rung = here.rung()
    assert len(rung) == 11
    if there == "damaged":
        damage(here)
    elif there == "missing":
        for path in (here.root / "state").glob("yeta.db*"):
            path.unlink()

    told = follow(here, "Restoring a copy")

    assert {command: done.code for command, done in told.items()} == {
        "halt": 0, "state restore": 0, "state rebuild": 8, "backfill": 0, "resume": 0, "plan": 0,
    }  # fmt: skip
    assert here.main("state", "check").code == 0
    assert here.main("history", "verify").code == 0
    assert held(here, "otp")["held"] == 2
    here.rows("renewal", range(11))
    finish(here)
    assert sorted(here.rung()) == sorted([*rung, number(9), number(10)])


@pytest.mark.sweep
def test_a_state_without_a_copy_is_rebuilt_word_by_word(here: Served) -> None:
    applied(here, 5)
    here.emulator.advance(600)
    damage(here)

    told = follow(here, "Without a copy")

    assert {done.code for done in told.values()} == {0}
    here.rows("renewal", range(7))
    finish(here)
    assert Counter(here.rung()) == Counter(number(row) for row in range(7))


def test_a_damaged_state_never_lacks_nothing_and_is_no_bug_anywhere(here: Served) -> None:
    applied(here, 200)
    here.main("state", "backup", "copy.db")
    file = here.root / "state" / "yeta.db"
    sound = file.read_bytes()
    pages = len(sound) // 4096
    for page in range(0, pages, 3):
        file.write_bytes(sound[: page * 4096] + b"\xff" * 4096 + sound[(page + 1) * 4096 :])
        checked, rebuilt = here.main("state", "check"), here.main("state", "rebuild", "--yes")
        assert (checked.code, rebuilt.code) == (1, 1), page
        assert "lacks nothing" not in rebuilt.out
        assert "yeta state restore FILE" in checked.err
        for command in ("plan", "status", "history", "state list"):
            assert here.main(*command.split()).code in {0, 1, 8}, (page, command)
    # What was documented once: over a log that is another's.
    file.write_bytes(sound)
    assert here.main("state", "restore", "copy.db", "--yes").code == 0
    assert here.main("state", "check").code == 0


def test_check_says_what_is_wrong_in_words_and_in_json(here: Served) -> None:
    assert here.main("state", "check").code == 1
    applied(here)
    sound = here.main("state", "check")
    assert (sound.code, sound.out.endswith("its file, references, counts, records and history.\n")) == (
        0,
        True,
    )
    with closing(here.store()) as store, store.database.write() as transaction:
        transaction.execute("UPDATE waves SET held = 7")
        transaction.execute("UPDATE history SET entry = 'x' WHERE serial = 1")

    done = here.main("state", "check", "--format", "json")

    assert (done.code, done.json["sound"]) == (1, False)
    assert {found["about"] for found in done.json["findings"]} == {"counts", "history"}
    assert (
        "counts: renewal wave 1, attempt 1: its rows are 0 held and not 7" in here.main("state", "check").out
    )


@pytest.mark.sweep
def test_restore_asks_first_and_says_what_takes_the_place_of_what(here: Served) -> None:
    applied(here)
    here.main("state", "backup", "copy.db")
    here.campaign("later", range(20, 22), lines='["200"]')
    assert here.main("apply", "--yes").code == 0

    asked = here.main("state", "restore", "copy.db")

    assert asked.code == 9
    assert "copy.db: 1 campaign, 2 links of history" in asked.out
    assert "2 campaigns, 4 links of history" in asked.out
    assert "What was done in between is not in it" in asked.out
    assert here.main("state", "show", "later").code == 0
    done = here.main("state", "restore", "copy.db", "--yes", "--format", "json")
    assert done.code == 0, done.err
    assert done.json["command"] == "state restore"
    assert Path(done.json["kept"]).name.startswith("yeta.db-before-")
    assert here.main("state", "show", "later").code == 3
    last = here.main("history", "--format", "json").json["entries"][-1]
    assert last["command"] == "state restore"


def test_a_copy_of_another_key_is_exit_3_and_of_another_state_exit_5(here: Served, tmp_path: Path) -> None:
    applied(here)
    here.main("state", "backup", "copy.db")
    assert (
        here.main("state", "restore", "copy.db", "--yes", YETA_STATE_KEY="another, and long enough").code == 3
    )
    assert here.main("state", "restore", "nothing.db", "--yes").code == 3
    assert here.main("state", "restore", "copy.db", "--yes", YETA_STATE="postgresql://h/d").code == 3
    here.project(name="other")
    shutil.rmtree(here.root / "state" / "none", ignore_errors=True)
    assert here.main("state", "restore", "copy.db", "--yes").code == 5
