"""Exit codes, and which of several counts."""

from __future__ import annotations

import pytest

from yeta_reconcile.exits import Exit, worst


@pytest.mark.parametrize(
    ("several", "counts"),
    [
        ((), 0),
        ((7, 1, 4, 8), 8),
        ((7, 1, 4), 4),
        ((7, 1), 1),
        ((7, 0), 7),
        ((8, 3), 3),
        ((7, 5), 7),
        ((0, 6), 6),
    ],
)
def test_of_several_the_first_of_8_4_1_7_counts_and_invalid_documents_before_them(
    several: tuple[Exit, ...], counts: int
) -> None:
    assert worst(several) == counts
