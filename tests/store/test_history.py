"""The chain of applies, saved plans, flags, and whose state it is."""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.store.states import KEY, NOW, States
from yeta_reconcile.cli.commands.history import _entry as shown
from yeta_reconcile.errors import InvalidInput, PlanRejected, StateError
from yeta_reconcile.store import Store


def test_every_apply_is_chained_to_the_one_before(store: Store) -> None:
    for at, who in enumerate(["甲", "乙", "丙"]):
        store.history.append({"who": who, "exit_code": 0}, NOW + at)
    entries = store.history.entries()
    assert [(entry["who"], entry["at"]) for entry in entries] == [
        ("甲", NOW),
        ("乙", NOW + 1),
        ("丙", NOW + 2),
    ]
    assert [entry["former_hash"] for entry in entries] == ["", entries[0]["hash"], entries[1]["hash"]]
    assert store.history.broken() is None


@pytest.mark.sweep
@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE history SET entry = '{}' WHERE serial = ?",
        "UPDATE history SET written = 0 WHERE serial = ?",
        "UPDATE history SET hash = 'x' WHERE serial = ?",
        "DELETE FROM history WHERE serial = ?",
        "DELETE FROM history WHERE serial >= ?",
        "UPDATE history SET serial = serial + 100 WHERE serial = ?",
    ],
)
def test_an_entry_that_was_changed_or_taken_out_is_found(store: Store, forgery: str) -> None:
    for at in range(4):
        store.history.append({"plan": at}, NOW + at)
    second = store.history.entries()[1]["serial"]
    with store.database.write() as transaction:
        transaction.execute(forgery, (second,))
    found = store.history.broken()
    assert found
    assert found.serial in {second, second + 1}


@pytest.mark.parametrize("cut", [1, 2, 4])
def test_a_chain_whose_newest_links_are_gone_is_found(store: Store, cut: int) -> None:
    for at in range(4):
        store.history.append({"plan": at}, NOW + at)
    entries = store.history.entries()
    left = entries[: 4 - cut]
    with store.database.write() as transaction:
        transaction.execute("DELETE FROM history WHERE serial > ?", (left[-1]["serial"] if left else 0,))
    found = store.history.broken()
    assert found
    assert found.serial == (left[-1]["serial"] + 1 if left else 1)
    # What comes after it heals nothing.
    store.history.append({"plan": 5}, NOW)
    assert store.history.broken() is not None


@pytest.mark.parametrize(
    "forgery",
    [
        "DELETE FROM meta WHERE name = 'history'",
        "UPDATE meta SET value = '0  0 x' WHERE name = 'history'",
        "UPDATE meta SET value = 'x' WHERE name = 'history'",
    ],
)
def test_a_signature_that_was_taken_off_is_not_made_again(states: States, forgery: str) -> None:
    store = states.open()
    store.history.append({"plan": 1}, NOW)
    with store.database.write() as transaction:
        transaction.execute("DELETE FROM history")
        transaction.execute(forgery)
    found = store.history.broken()
    assert found
    assert found.serial == 1
    states.open().history.append({"plan": 2}, NOW)
    assert states.open().history.broken() is not None


def as_before_signatures(store: Store, links: int) -> None:
    """Make of a state one that was written by a version that knew no signature."""
    before = ""
    with store.database.write() as transaction:
        transaction.execute("DELETE FROM meta WHERE name IN ('history', 'key')")
        transaction.execute("INSERT INTO meta VALUES ('key', ?)", (store.key.fingerprint(signed=False),))
        transaction.execute("DELETE FROM migrations WHERE number = 3")
        for at in range(links):
            body = json.dumps({"exit_code": 0, "plan": at})
            own = blake2b(f"{before}\n{NOW + at}\n{body}".encode(), digest_size=16).hexdigest()
            transaction.execute(
                "INSERT INTO history (written, entry, former_hash, hash) VALUES (?, ?, ?, ?)",
                (NOW + at, body, before, own),
            )
            before = own


@pytest.mark.parametrize("links", [0, 3])
def test_a_history_of_before_signatures_is_signed_once_and_goes_on(states: States, links: int) -> None:
    as_before_signatures(states.open(), links)
    store = states.open()
    signature = store.history.signature()
    assert signature
    assert (signature.links, signature.bare, store.history.broken()) == (links, links, None)
    store.history.append({"plan": "new"}, NOW)
    again = states.open().history
    assert [entry["plan"] for entry in again.entries()] == [*range(links), "new"]
    assert again.broken() is None
    with store.database.write() as transaction:
        transaction.execute("DELETE FROM history WHERE serial = (SELECT MIN(serial) FROM history)")
    assert again.broken() is not None


def test_a_rewritten_history_cannot_pass_for_one_of_before_there_were_signatures(states: States) -> None:
    store = states.open()
    store.history.append({"plan": 1}, NOW)
    as_before_signatures(store, 2)
    with store.database.write() as transaction:
        # What nobody without the key can make.
        transaction.execute("UPDATE meta SET value = ? WHERE name = 'key'", (store.key.fingerprint(),))
    assert states.open().history.broken() is not None


def test_a_run_is_in_the_history_before_its_end_and_one_entry_after_it(store: Store) -> None:
    begun = store.history.append({"who": "甲"}, NOW)
    other = store.history.append({"who": "乙"}, NOW + 1)
    assert [entry["ended"] for entry in store.history.entries()] == [None, None]
    store.history.end(other, {"exit_code": 7, "outcome": "waits"}, NOW + 2)
    store.history.end(begun, {"exit_code": 0, "outcome": "done"}, NOW + 3)
    found = [(e["who"], e["at"], e["exit_code"], e["ended"]) for e in store.history.entries()]
    assert found == [("甲", NOW, 0, NOW + 3), ("乙", NOW + 1, 7, NOW + 2)]
    assert store.history.broken() is None


def test_a_saved_plan_is_new_then_begun_then_spent_for_ever(store: Store) -> None:
    assert store.history.plan_state("p1") == "new"
    store.history.begin_plan("p1", NOW)
    store.history.begin_plan("p1", NOW + 1)
    assert store.history.plan_state("p1") == "begun"
    store.history.spend_plan("p1", NOW + 2)
    store.history.begin_plan("p1", NOW + 3)
    assert store.history.plan_state("p1") == "spent"


def test_a_flag_is_set_changed_and_taken_off(states: States) -> None:
    store, seen = states.open(), states.open()
    assert store.flag("halt") is None
    store.set_flag("halt", "by 甲")
    store.set_flag("halt", "by 乙")
    assert seen.flag("halt") == "by 乙"
    store.set_flag("halt", None)
    assert seen.flag("halt") is None


def test_a_state_keeps_its_identity(states: States) -> None:
    store = states.open()
    assert len(store.state_id) == 16
    assert states.open().state_id == store.state_id
    assert store.owner == "acme/"


def test_another_key_is_refused_and_told_from_a_broken_state(states: States) -> None:
    states.open()
    with pytest.raises(InvalidInput, match="another key") as refused:
        states.open(environ={"YETA_STATE_KEY": KEY + "!"})
    assert refused.value.exit_code == 3


@pytest.mark.parametrize(
    ("whose", "words"),
    [
        ({"project": "other"}, "belongs to project acme, not to project other"),
        ({"environment": "test"}, "not to project acme, environment test"),
    ],
)
def test_another_projects_or_environments_state_is_refused(
    states: States, whose: dict[str, str], words: str
) -> None:
    states.open()
    with pytest.raises(PlanRejected, match=words) as refused:
        states.open(**whose)
    assert refused.value.exit_code == 5


def test_a_state_that_does_not_exist_reads_as_an_empty_one_and_is_not_made(unmade: States) -> None:
    store = unmade.open(create=False)
    assert store.ephemeral
    assert store.waves.recorded().campaigns == {}
    assert not (unmade.root / "state").exists()
    assert unmade.open(create=False).state_id != store.state_id


def test_a_newer_schema_is_refused_without_being_touched(states: States) -> None:
    store = states.open()
    with store.database.write() as transaction:
        transaction.execute("INSERT INTO migrations VALUES (999, 'to come', 'tomorrow')")
    with pytest.raises(StateError, match=r"written by a newer yeta: its schema is 999, this one knows \d"):
        states.open()


def test_opening_a_state_writes_nothing(states: States) -> None:
    store = states.open()
    with store.database.write():
        # A plan may look while somebody writes.
        assert states.open(create=False).state_id == store.state_id


DAMAGE = {
    "no JSON": "UPDATE history SET entry = 'not JSON' WHERE serial = ?",
    "cut off": "UPDATE history SET entry = substr(entry, 1, 5) WHERE serial = ?",
    "empty": "UPDATE history SET entry = '' WHERE serial = ?",
    "no object": "UPDATE history SET entry = '[1]' WHERE serial = ?",
    "too deep": f"UPDATE history SET entry = '{'[' * 50_000}' WHERE serial = ?",
    "no text": "UPDATE history SET entry = x'ff00' WHERE serial = ?",
    "a number": "UPDATE history SET entry = 7 WHERE serial = ?",
    "no UTF-8": "UPDATE history SET entry = CAST(x'7bff7d' AS TEXT) WHERE serial = ?",
    "no moment": "UPDATE history SET written = 'noon' WHERE serial = ?",
    "no hash": "UPDATE history SET hash = x'00ff' WHERE serial = ?",
    "a hash that is no UTF-8": "UPDATE history SET hash = CAST(x'ff' AS TEXT) WHERE serial = ?",
    "no former hash": "UPDATE history SET former_hash = 1.5 WHERE serial = ?",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_link_is_named_and_hides_no_other(tmp_path: Path, damage: str) -> None:
    with States("yeta.db", tmp_path) as states:
        store = states.open()
        for at in range(4):
            store.history.append({"plan": at, "exit_code": 0}, NOW + at)
        with store.database.write() as transaction:
            transaction.execute(DAMAGE[damage], (2,))

        found = store.history.broken()

        assert found
        assert found.serial == 2
        said = [(entry["serial"], entry.get("plan")) for entry in store.history.entries()]
        assert [one for one in said if one[0] != 2] == [(1, 0), (3, 2), (4, 3)]
        assert [serial for serial, _ in said] == [1, 2, 3, 4]


@pytest.mark.sweep
@pytest.mark.parametrize("odd", ["7", "null", "[]", '"x"', "{}", '[["a"]]', "[[1, 2, 3, 4]]"])
@pytest.mark.parametrize(
    "key", ["of", "summary", "changes", "exit_code", "who", "commit", "plan_id", "serial"]
)
def test_whatever_an_entry_says_it_is_a_link_that_was_changed(tmp_path: Path, key: str, odd: str) -> None:
    with States("yeta.db", tmp_path) as states:
        store = states.open()
        store.history.append({"exit_code": 0}, NOW)
        with store.database.write() as transaction:
            transaction.execute("UPDATE history SET entry = ?", (f'{{"{key}": {odd}}}',))

        assert str(store.history.broken()) == "the chain breaks at link 1: it was changed"
        (entry,) = store.history.entries()
        assert shown(entry, ZoneInfo("Asia/Shanghai")).serial == 1
