"""What is tested is what is installed: the wheel, not the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def built(folder: Path) -> Path:
    """The wheel of this checkout."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    return wheel


def assert_whole(wheel: Path) -> None:
    """It holds the package, its types and its licence, and nothing beside them."""
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "yeta_reconcile/py.typed" in names
    assert "yeta_reconcile/documents/packs/cn-marketing.yaml" in names
    assert "yeta_reconcile/locale/zh/LC_MESSAGES/yeta.mo" in names
    assert "yeta_reconcile/cli/said.json" in names
    assert "yeta_reconcile/schema.json" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.partition("/")[0] for name in names} == {
        "yeta_reconcile",
        next(name.partition("/")[0] for name in names if ".dist-info/" in name),
    }


@pytest.mark.timeout(170)
def test_the_wheel_is_whole_and_runs_the_demo_on_nothing_but_itself(tmp_path: Path) -> None:
    wheel = built(tmp_path)
    assert_whole(wheel)
    site = tmp_path / "site"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*command, "--target", str(site), str(wheel)], check=True, timeout=120)
    environ = {**os.environ, "PYTHONPATH": str(site), "TMPDIR": str(tmp_path)}
    where = "import yeta_reconcile; print(yeta_reconcile.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    assert found.stdout.startswith(str(site))
    shown = subprocess.run(
        [sys.executable, "-m", "yeta_reconcile", "demo"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=160,
    )
    assert shown.returncode == 0, shown.stderr
    told = ("Calls show the platform's clock", "twice by mistake", "recalls as declared")
    for words in ("60 telephones will ring", "No changes.", "± replace", "That was the whole thing.", *told):
        assert words in shown.stdout
    pages = sorted(tmp_path.glob("yeta-report-*/report-*.html"))
    assert [page.name for page in pages] == ["report-en.html", "report-zh.html"]
    for page, word in zip(pages, ("Reached", "已接通"), strict=True):
        assert f"\n{page}\n" in shown.stdout
        html = page.read_text(encoding="utf-8")
        assert word in html
        assert "<strong>¥" in html
    assert "19900009999" not in shown.stdout.replace("$ yeta why 19900009999", "")
