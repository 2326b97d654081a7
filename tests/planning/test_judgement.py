"""Who is of a canary is chosen by keys alone: the same whoever asks, and stable when rows are added."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yeta_reconcile.documents.values import most_of
from yeta_reconcile.planning.trial import Choice

pytestmark = pytest.mark.sweep

KEYS = st.sets(st.binary(min_size=4, max_size=4), max_size=40)
SIZES = st.one_of(st.integers(1, 30), st.integers(1, 100).map("{}%".format))


def chosen(
    size: int | str, keys: set[bytes], stood: frozenset[bytes] = frozenset(), seed: int = 0
) -> set[bytes]:
    order = sorted(keys)
    random.Random(seed).shuffle(order)
    return Choice(size).of(((key, key in stood) for key in order), len(order), 0)


@given(SIZES, KEYS, st.integers())
def test_the_choice_is_the_same_in_whatever_order_rows_come(
    size: int | str, keys: set[bytes], seed: int
) -> None:
    found = chosen(size, keys)
    assert found == chosen(size, keys, seed=seed)
    assert len(found) == min(max(int(most_of(size, len(keys))), 1), len(keys))


@given(st.integers(1, 30), KEYS, KEYS)
def test_by_rows_that_are_added_nobody_comes_in_who_was_not(
    size: int, keys: set[bytes], more: set[bytes]
) -> None:
    assert chosen(size, keys | more) & keys <= chosen(size, keys)


@given(SIZES, KEYS, KEYS)
def test_who_is_staged_in_it_stays_whoever_is_added(
    size: int | str, keys: set[bytes], more: set[bytes]
) -> None:
    staged = chosen(size, keys)
    rest = [(key, False) for key in (keys | more) - staged]
    added = Choice(size).of(rest, len(keys | more), len(staged))
    assert len(staged | added) == max(len(staged), len(chosen(size, keys | more)))


@given(SIZES, KEYS, KEYS)
def test_once_it_has_begun_only_those_who_stood_in_it_go_on(
    size: int | str, keys: set[bytes], more: set[bytes]
) -> None:
    candidates = [(key, key in keys) for key in keys | more]
    assert Choice(size, begun=True).of(candidates, len(keys | more), 0) == keys


@given(st.integers(1, 30), KEYS, KEYS)
def test_who_stood_in_it_before_comes_first(size: int, keys: set[bytes], more: set[bytes]) -> None:
    found = chosen(size, keys | more, frozenset(keys))
    assert found <= keys or keys <= found
