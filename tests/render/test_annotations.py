from __future__ import annotations

import json

from tests.render.golden import assert_golden
from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.render.annotations import github_annotations, gitlab_code_quality, sarif
from yeta_reconcile.wording import Text

FOUND = (
    Diagnostic("error", "bad-key", Text("50% of a,b: wrong\nand so"), Position("活动/a, b:c.yaml", 3, 7)),
    Diagnostic("warning", "bad-number", Text("199****0001 is no number"), Position("data/a.csv", 12)),
    Diagnostic("warning", "bad-number", Text("199****0001 is no number"), Position("data/a.csv", 18)),
    Diagnostic("note", "file", Text("nothing is read from it"), Position("odd.yaml")),
    Diagnostic("error", "no-secret", Text("YETA_APP_KEY is not set")),
)


def test_github_reads_a_finding_as_one_escaped_command() -> None:
    assert github_annotations(FOUND).splitlines() == [
        "::error file=活动/a%2C b%3Ac.yaml,line=3,col=7,title=bad-key::50%25 of a,b: wrong%0Aand so",
        "::warning file=data/a.csv,line=12,col=1,title=bad-number::199****0001 is no number",
        "::warning file=data/a.csv,line=18,col=1,title=bad-number::199****0001 is no number",
        "::notice file=odd.yaml,title=file::nothing is read from it",
        "::error title=no-secret::YETA_APP_KEY is not set",
    ]


def test_gitlab_gets_what_its_report_requires() -> None:
    assert_golden("gitlab.json", _json(gitlab_code_quality(FOUND)))


def test_gitlab_is_shown_what_has_no_place_at_the_settings() -> None:
    (placeless,) = gitlab_code_quality(FOUND[-1:], settings="campaigns/yeta.yaml")
    assert placeless["location"]["path"] == "campaigns/yeta.yaml"


def test_gitlab_fingerprints_are_unique_and_survive_moved_lines() -> None:
    prints = [found["fingerprint"] for found in gitlab_code_quality(FOUND)]
    assert len(set(prints)) == len(prints)
    moved = Diagnostic("warning", "bad-number", Text("199****0001 is no number"), Position("data/a.csv", 99))
    assert gitlab_code_quality([moved])[0]["fingerprint"] == prints[1]


def test_sarif_is_its_golden_file() -> None:
    assert_golden("findings.sarif", _json(sarif(FOUND, version="1.2.3")))


def test_sarif_of_nothing_is_a_run_without_results() -> None:
    assert sarif([], version="1")["runs"][0]["results"] == []


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
