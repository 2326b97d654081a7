"""The examples are what their comments say."""

from __future__ import annotations

import runpy
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples" / "campaigns"


def test_the_large_list_is_what_its_script_writes() -> None:
    script = runpy.run_path(str(EXAMPLES / "data" / "make_large.py"))
    lines = (EXAMPLES / "data" / "large.csv").read_text(encoding="utf-8").splitlines()

    assert lines[1:] == [",".join(row) for row in script["rows"]()]
    assert len(lines) == 20_001


def test_the_renewal_list_is_as_excel_writes_it() -> None:
    data = (EXAMPLES / "data" / "spring-renewal.csv").read_bytes()

    assert "客户姓名" in data.decode("gb18030")
    assert data.count(b"\r\n") == data.count(b"\n") == 61


def test_the_examples_keep_their_state_outside() -> None:
    text = (EXAMPLES / "yeta.yaml").read_text(encoding="utf-8")

    states = [line.split()[1] for line in text.splitlines() if line.lstrip().startswith("state: ")]
    assert states == ["../../state/campaigns.db", "../../state/local.db"]
