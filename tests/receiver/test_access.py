"""Who may knock."""

from __future__ import annotations

import pytest

from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.platform.ways import is_loopback
from yeta_reconcile.receiver.access import Access, read_networks, read_secrets


def test_one_secret_or_two_separated_by_a_comma() -> None:
    assert read_secrets("") == ()
    assert read_secrets("one") == (b"one",)
    assert read_secrets("one, two") == (b"one", b"two")


@pytest.mark.parametrize("text", ["a,b,c", "a/b", "ä", "a b"])
def test_a_secret_that_cannot_stand_in_a_url_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_secrets(text)
    assert text not in refused.value.message + refused.value.hint


def test_without_a_secret_the_same_paths_are_at_the_root() -> None:
    assert Access().module("/receiveVoice") == "receiveVoice"
    assert Access((b"s",)).module("/s/receiveVoice") == "receiveVoice"
    assert Access((b"s",)).module("/receiveVoice") is None
    assert Access((b"s",)).module("/s") is None
    assert Access((b"s",)).module("/\xff/x") is None
    assert Access((b"s",)).module("/\u4e2d/x") is None


def test_networks_hold_for_both_families_and_for_mapped_addresses() -> None:
    access = Access(allowed=read_networks(["203.0.113.0/24", "2001:db8::/32"]))
    assert access.admits("203.0.113.5", None)
    assert access.admits("::ffff:203.0.113.5", None)
    assert access.admits("2001:db8::1", None)
    assert not access.admits("203.0.114.5", "203.0.113.5")
    assert not access.admits("nonsense", None)
    with pytest.raises(InvalidInput):
        read_networks(["203.0.113"])


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("example.com", False)],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("content_type", "taken"),
    [
        (None, True),
        ("", True),
        ("application/json", True),
        ("Application/JSON;charset=UTF-8", True),
        ("text/plain", True),
        ("application/x-www-form-urlencoded", True),
        ("Multipart/Form-Data; boundary=x", False),
        ("audio/wav", False),
    ],
)
def test_only_what_cannot_be_json_is_not_taken_for_its_type(content_type: str | None, taken: bool) -> None:
    assert Access.takes(content_type) is taken


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        (None, True),
        ("127.0.0.1:8800", True),
        ("LocalHost:8800", True),
        ("localhost", True),
        ("[::1]:8800", True),
        ("[::1]", True),
        ("example.com", False),
        ("example.com:8800", False),
        ("127.0.0.1.example.com", False),
        ("localhost:8800:1", False),
        ("203.0.113.7", False),
    ],
)
def test_without_a_secret_only_this_machines_names_are_ours(host: str | None, ours: bool) -> None:
    assert Access().meant(host) is ours
    assert Access((b"s",)).meant(host)


@pytest.mark.parametrize(
    "forwarded",
    [
        "203.0.113.7",
        "203.0.113.7:4711",
        '"203.0.113.7"',
        "203.0.113.7,",
        "10.9.9.9, 203.0.113.7",
        "203.0.113.7, 192.0.2.8",
        "203.0.113.7, 192.0.2.8:80, 192.0.2.9",
        "[2001:db8::7]",
        "[2001:db8::7]:4711",
        '"[2001:db8::7]:4711"',
        "2001:db8::7",
        "::ffff:203.0.113.7",
    ],
)
def test_whoever_stands_before_our_proxies_is_the_sender_in_any_form(forwarded: str) -> None:
    access = Access(
        allowed=read_networks(["203.0.113.0/24", "2001:db8::/32"]), proxies=read_networks(["192.0.2.0/24"])
    )

    assert access.admits("192.0.2.1", forwarded)
    assert not access.admits("198.51.100.1", forwarded)


@pytest.mark.parametrize(
    "forwarded",
    ["", ",", "203.0.113.7, 198.51.100.1", "203.0.113.7, unknown", "203.0.113.7, 10.0.0.1"],
)
def test_what_stands_before_somebody_else_is_believed_of_nobody(forwarded: str) -> None:
    access = Access(allowed=read_networks(["203.0.113.0/24"]), proxies=read_networks(["192.0.2.0/24"]))

    assert not access.admits("192.0.2.1", forwarded)
