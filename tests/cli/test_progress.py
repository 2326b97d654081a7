"""What an apply shows of its course: campaign, phase, counts, and a rest that can be believed."""

from __future__ import annotations

import pytest

from yeta_reconcile.cli.progress import Rate, Shown, rest_words


def test_the_rest_is_foreseen_by_what_numbers_take_and_not_by_what_came_before_them() -> None:
    """Half a minute passes until the first batch is in; then there are a hundred a second."""
    pace = Rate(10_050)
    pace.did(50, 30.0)
    assert pace.left(30.0) is None

    for second in range(1, 11):
        pace.did(100, 30.0 + second)

    assert pace.left(40.0) == pytest.approx(90.0)


def test_what_goes_slower_by_now_or_stands_takes_longer_than_the_mean() -> None:
    pace = Rate(2_000)
    for second in range(11):
        pace.did(100, float(second))  # 1,100 in ten seconds
    fast = pace.left(10.0)
    for second in range(20, 60, 10):
        pace.did(10, float(second))

    assert fast is not None
    assert (pace.left(50.0) or 0) > 20 * fast
    assert (pace.left(90.0) or 0) > (pace.left(50.0) or 0)


def test_nothing_is_foreseen_at_once_nor_when_all_is_in() -> None:
    pace = Rate(200)
    pace.did(50, 0.0)
    pace.did(50, 1.0)
    assert pace.left(1.0) is None

    pace.did(100, 5.0)
    assert pace.left(6.0) is None


def test_a_rest_is_said_no_closer_than_it_is_known() -> None:
    said = [rest_words(seconds) for seconds in (None, 0.2, 62, 119, 121, 5400, 9000)]

    assert said == [
        "", "about 5 s left", "about 60 s left", "about 120 s left", "about 2 min left",
        "about 90 min left", "about 2 h left",
    ]  # fmt: skip


def test_the_line_names_campaign_wave_and_phase() -> None:
    drawn: list[tuple[int, str]] = []
    now = [0.0]
    line = Shown(200, lambda more, words: drawn.append((more, words)), lambda: now[0])

    for seconds, event in (
        (0.0, {"event": "problem", "campaign": "spring"}),
        (0.0, {"event": "inserted", "campaign": "spring", "wave": 1, "rows": 50}),
        (4.0, {"event": "inserted", "campaign": "spring", "wave": 1, "rows": 50}),
        (4.0, {"event": "verified", "campaign": "spring", "wave": 1, "rows": 100}),
    ):
        now[0] = seconds
        line.hear(event)

    assert drawn == [
        (50, "spring wave 1 is filled"),
        (50, "spring wave 1 is filled, about 10 s left"),
        (0, "spring wave 1 is checked, about 10 s left"),
    ]


def test_where_nothing_happens_it_is_said_since_when_each_eight_seconds() -> None:
    said: list[str] = []
    now = [0.0]
    line = Shown(0, lambda _more, _words: None, lambda: now[0], said.append)

    for seconds in range(1, 40):
        now[0] = float(seconds)
        if seconds in {10, 26}:
            line.hear({"event": "busy", "campaign": "spring", "wave": 1, "call": "start", "seconds": 16.0})
        line.still()

    busy = "spring wave 1: the platform is busy, and is asked again, for"
    assert said == ["the apply is at work, for 8 s", f"{busy} 6 s", f"{busy} 14 s", f"{busy} 22 s"]
