"""The scenarios: what people declare, and what happens to it."""

from __future__ import annotations

from datetime import date, timedelta

from tests.bench.forecasts.life import MORNING, Scenario, campaign, until_over
from tests.support.lab import Lab, number
from yeta_reconcile.emulator import Lengths, Line, Status

OPEN = ("00:00:00-23:59:59",)
RECALLS = "recall: {count: 2, wait: 20m}"


def _windows(*windows: str) -> str:
    return "schedule: {windows: [" + ", ".join(f'"{window}"' for window in windows) + "]}"


def _one(lab: Lab) -> None:
    campaign(lab, "alone", 600)


def _in_one_window(lab: Lab) -> None:
    campaign(lab, "alone", 600, extra=_windows("09:00-10:00"))


def _in_windows(lab: Lab) -> None:
    campaign(lab, "alone", 600, extra=_windows("09:00-09:20", "10:00-10:20", "14:00-14:30"))


def _over_lines(lab: Lab) -> None:
    campaign(lab, "alone", 600, lines='["100", "200", "300"]')


def _two(lab: Lab) -> None:
    campaign(lab, "first", 300)
    campaign(lab, "second", 300)


def _five(lab: Lab) -> None:
    for name in ("a", "b", "c", "d", "e"):
        campaign(lab, name, 120)


def _two_lines(lab: Lab) -> None:
    campaign(lab, "both", 200, lines='["100", "200"]')
    campaign(lab, "one", 300, lines='["100"]')
    campaign(lab, "other", 300, lines='["200"]')


def _recalls(lab: Lab) -> None:
    campaign(lab, "alone", 400, extra=RECALLS)


def _recalls_in_windows(lab: Lab) -> None:
    campaign(lab, "alone", 400, extra=_windows("09:00-09:45", "13:00-13:45") + "\n" + RECALLS)


def _in_rounds(lab: Lab) -> None:
    campaign(lab, "alone", 400, extra="recall: {again: {on: [not-reached], rounds: 2, wait: 30m}}")


def _after_a_canary(lab: Lab) -> None:
    campaign(lab, "alone", 600, extra="rollout: {canary: 50, wait: 20m}")


def _started_an_hour_ago(lab: Lab) -> None:
    until_over(lab, lab.clock.now() + timedelta(minutes=30))


def _with_recalls_to_come(lab: Lab) -> None:
    campaign(lab, "alone", 300, extra="recall: {count: 2, wait: 1h}")


def _all_dialled(lab: Lab) -> None:
    until_over(lab, lab.clock.now() + timedelta(minutes=45))


def _paused_for_a_day(lab: Lab) -> None:
    campaign(lab, "alone", 900)
    until_over(lab, lab.clock.now() + timedelta(minutes=20))
    campaign(lab, "alone", 900, state="paused")
    until_over(lab, lab.clock.now() + timedelta(days=1))
    campaign(lab, "alone", 900)


def _many(lab: Lab) -> None:
    campaign(lab, "alone", 650)


def _ending(lab: Lab) -> None:
    campaign(lab, "cut", 900, extra="schedule: {end: 2026-12-15T09:30:00}")
    campaign(lab, "next", 300)


def _beside_a_foreign_task(lab: Lab) -> None:
    campaign(lab, "alone", 300)
    campaign(lab, "kept", 60, lines='["200"]')
    lab.emulator.take_line("200")


def _the_foreign_task_goes(lab: Lab) -> None:
    lab.emulator.release_line("200")


def _after_a_foreign_task(lab: Lab) -> None:
    """Another application's task has the line, with people of its own; nobody declared it."""
    theirs = [number(index) for index in range(5000, 5300)]
    lab.emulator.add_foreign_task("survey", numbers=theirs, line="100", status=Status.RUNNING)
    campaign(lab, "alone", 300)


def _three_with_records_of_their_own(lab: Lab) -> None:
    for name in ("a", "b", "c"):
        campaign(lab, name, 250, extra=RECALLS)
    until_over(lab, lab.clock.now() + timedelta(minutes=50))


def _urgent(lab: Lab) -> None:
    campaign(lab, "a", 200)
    campaign(lab, "b", 200, extra="priority: 5")


def _after(lab: Lab) -> None:
    campaign(lab, "first", 200)
    campaign(lab, "then", 200, lines='["200"]', extra="after: [first]")


def _on_workdays(lab: Lab) -> None:
    """Thursday and Friday of that week are off, and its Saturday and Sunday are worked."""
    (lab.root / "days.csv").write_text(
        "date,kind\n2026-12-03,rest\n2026-12-04,rest\n2026-12-05,work\n2026-12-06,work\n2027-12-31,rest\n",
        encoding="utf-8",
    )
    schedule = 'schedule: {windows: ["09:00-09:30"], days: workdays}'
    campaign(lab, "alone", 700, extra=schedule)


def _works(day: date) -> bool:
    return day.isoformat() not in {"2026-12-03", "2026-12-04"}


SCENARIOS = [
    Scenario("one campaign", _one),
    Scenario("one window, over days", _in_one_window, ("09:00-10:00",)),
    Scenario("three windows a day", _in_windows, ("09:00-09:20", "10:00-10:20", "14:00-14:30")),
    Scenario("three lines at once", _over_lines),
    Scenario("two on one line", _two),
    Scenario("five on one line", _five),
    Scenario("two lines, one campaign wants both", _two_lines),
    Scenario("a higher priority", _urgent),
    Scenario("one after the other, on lines of their own", _after),
    Scenario(
        "workdays: days off, a worked weekend", _on_workdays, ("09:00-09:30",), _works,
        project="calendar: days.csv\ndocuments: ['*.yaml']\n", warm=False,
    ),
    Scenario("recalls", _recalls),
    Scenario("recalls, windows", _recalls_in_windows, ("09:00-09:45", "13:00-13:45"), seeds=12),
    Scenario("two further rounds", _in_rounds),
    Scenario("the rest after a canary", _after_a_canary),
    Scenario("a start in the middle", _one, before=_started_an_hour_ago),
    Scenario("only recalls to come", _with_recalls_to_come, before=_all_dialled),
    Scenario("paused for a day", _paused_for_a_day, cold=False),
    Scenario(
        "many reached, long talks", _one, lengths=Lengths(talk_more=90.0),
        weights={"0": 70.0, "20": 20.0, "5": 10.0}, cold=False,
    ),
    Scenario(
        "hardly anybody reached", _recalls, weights={"0": 15.0, "20": 45.0, "5": 20.0, "4": 20.0}, cold=False,
    ),
    Scenario("one is cut off by its end", _ending, judged=("next",), at=MORNING + timedelta(days=14)),
    Scenario(
        "a foreign task holds another line", _beside_a_foreign_task, within=_the_foreign_task_goes,
        judged=("alone",),
    ),
    Scenario("a foreign task holds the same line", _after_a_foreign_task),
    Scenario("three with recalls, in the middle", _three_with_records_of_their_own, cold=False),
    Scenario(
        "fifty channels", _many, lines=(Line("100", 50, OPEN), Line("200", 5, OPEN), Line("300", 5, OPEN)),
    ),
]  # fmt: skip
