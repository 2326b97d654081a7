from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.render.golden import assert_golden
from tests.render.plans import a_change, a_plan, the_busy_day, the_new_campaign
from tests.support.any_plan import plans
from yeta_reconcile.cli.annotate import linked
from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.plan.plan import Action, Plan
from yeta_reconcile.render.markdown import MARKER, plan_markdown
from yeta_reconcile.wording import Text

pytestmark = pytest.mark.sweep


@pytest.mark.parametrize(
    ("name", "plan"),
    [
        ("plan-new.md", the_new_campaign()),
        ("plan-busy.md", the_busy_day()),
        ("plan-empty.md", a_plan()),
        ("plan-halted.md", replace(the_busy_day(), halted=True)),
    ],
)
def test_a_comment_reads_as_its_golden_file(name: str, plan: Plan) -> None:
    assert_golden(name, plan_markdown(plan))


def test_a_comment_begins_with_the_marker_by_which_it_is_updated() -> None:
    assert plan_markdown(a_plan()).startswith(f"{MARKER}\n")


def test_findings_stand_before_the_table_with_the_worst_first() -> None:
    text = plan_markdown(the_busy_day())
    places = [text.index(word) for word in ("**error**", "**warning**", "**note**", "| campaign")]
    assert places == sorted(places)


def a_large_plan(size: int) -> Plan:
    lines = (["0551"], ["0552"] * 20)
    # No two of them alike.
    changes = [
        a_change(campaign=f"campaign-{n}", attributes={"robot": ("1", f"2{n}"), "lines": lines})
        for n in range(size)
    ]
    found = [Diagnostic("warning", "bad", Text(f"row {n} " + "x" * 100)) for n in range(size)]
    return a_plan(*changes, campaigns=size, diagnostics=tuple(found))


@pytest.mark.parametrize("size", [10, 100, 1_000, 5_000])
@pytest.mark.parametrize("limit", [2_000, 60_000])
def test_a_comment_is_never_longer_than_its_limit(size: int, limit: int) -> None:
    assert len(plan_markdown(a_large_plan(size), limit=limit)) <= limit


@settings(deadline=None)
@given(plans, st.integers(2_000, 3_000))
def test_no_content_makes_a_comment_longer_than_its_limit(plan: Plan, limit: int) -> None:
    assert len(plan_markdown(plan, limit=limit)) <= limit


def test_details_give_way_before_rows_and_what_is_left_out_is_said() -> None:
    text = plan_markdown(a_large_plan(150), limit=60_000)
    assert len(re.findall(r"^\| `\+` ", text, re.MULTILINE)) == 150
    assert 0 < text.count("<details>") < 150
    left = 150 - text.count("<details>")
    assert f"Details of {left} campaigns are left out here" in text


def test_rows_of_the_table_give_way_last_and_are_counted() -> None:
    text = plan_markdown(a_large_plan(2_000), limit=60_000)
    rows = len(re.findall(r"^\| `\+` ", text, re.MULTILINE))
    findings = text.count("**warning**")
    assert f"… and {2_000 - rows:,} campaigns more, left out here." in text
    assert f"… and {2_000 - findings:,} findings more, left out here." in text
    assert rows > 100
    assert findings > 100
    assert "<details>" not in text


def test_names_and_details_cannot_break_out_of_the_comment() -> None:
    evil = "`a` | </details><script> @everyone [x](y) **b** #1 <!--\n\n# title"
    text = plan_markdown(a_plan(a_change(campaign=evil, detail=evil)))
    assert "<script>" not in text
    assert "@everyone" not in text
    assert "[x]" not in text
    assert "\n# title" not in text
    row = next(line for line in text.splitlines() if line.startswith("| `+`"))
    assert row.count("|") == 5


def test_one_huge_finding_does_not_hide_the_others() -> None:
    found = [
        Diagnostic("error", "bad", Text("x" * 100_000), hint=Text("y" * 100_000)),
        Diagnostic("error", "bad", Text("z first")),
    ]
    text = plan_markdown(a_plan(diagnostics=tuple(found)))
    assert "z first" in text
    assert "xxx…" in text
    assert "yyy…" in text
    assert len(text) < 2_000


def test_what_does_not_fit_is_passed_over_and_what_comes_after_it_is_shown() -> None:
    # 250 signs that each take five characters and more, where there is room for one such finding.
    found = [Diagnostic("error", "bad", Text(f"{n} " + "@" * 1_000)) for n in range(8)]
    found.append(Diagnostic("note", "small", Text("a small one")))
    text = plan_markdown(a_plan(diagnostics=tuple(found)), limit=10_000)
    left = 8 - text.count("**error**")
    assert 0 < left < 8
    assert "a small one" in text
    assert f"… and {left} findings more, left out here." in text


def test_a_plan_that_may_not_be_applied_says_so_first_and_is_good_for_nothing() -> None:
    text = plan_markdown(the_busy_day(), refusals=2)
    lines = text.splitlines()
    assert lines[0] == MARKER
    assert lines[2] == "### 🛑 Refused: nothing of this can be applied (2 refusals)."
    assert "will ring:" not in text
    assert "good until" not in text


def test_places_lead_to_their_lines_in_the_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.test")
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/calls")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    found = [
        Diagnostic("error", "bad", Text("wrong"), Position(file, 4, 2))
        for file in ("data/春 (1).csv", "../lists/x.csv", "../../y.csv")
    ]

    text = plan_markdown(a_plan(diagnostics=tuple(found)), link=linked("0a1b", tmp_path / "campaigns"))

    assert re.findall(r"\]\((.*?)\): ", text) == [
        "https://github.test/acme/calls/blob/0a1b/lists/x.csv#L4",
        "https://github.test/acme/calls/blob/0a1b/campaigns/data/%E6%98%A5%20%281%29.csv#L4",
    ]


def test_a_campaign_has_one_row_whatever_is_done_to_it() -> None:
    changes = [
        a_change(action=Action.DELETE, campaign="spring", wave=1, rows=3),
        a_change(action=Action.CREATE, campaign="spring", wave=2, rows=10),
        a_change(action=Action.START, campaign="spring", wave=2, rows=10, rings=True),
    ]

    text = plan_markdown(a_plan(*changes))

    assert "| `-` `+` `>` | <code>spring</code> | delete wave 1; create, start wave 2 | 10 🔔 |" in text
    assert text.count("| <code>spring</code> |") == 1
