"""What was read once is not parsed again, and nothing but the very text and code makes it so."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.repositories import CAMPAIGN, repository, said
from yeta_reconcile.documents import readings
from yeta_reconcile.documents.readings import Readings
from yeta_reconcile.documents.survey import load
from yeta_reconcile.documents.yamlfile import RawDocument, parse_documents

SPRING = """
x-windows: &windows {windows: ["09:00-12:00"]}
kind: Campaign
name: spring
schedule: {<<: *windows, begin: 2026-12-01T09:00:00+08:00, end: 2026-12-31, days: [mon, tue]}
weights: [1, 0x1F, 2.5, ~, true, -0.0, "12", 春季]
times: [2026-12-01T09:00:00, {at: 2026-12-02}]
"""
ROOT = Path("/repository")


@pytest.fixture(autouse=True)
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were parsed; however few they are, they are worth keeping."""
    texts: list[str] = []

    def parse(text: str, label: str) -> list[RawDocument]:
        texts.append(text)
        return parse_documents(text, label)

    monkeypatch.setattr(readings, "LEAST", 1)
    monkeypatch.setattr(readings, "parse_documents", parse)
    return texts


def read(folder: Path, text: str, *, root: Path = ROOT) -> list[RawDocument]:
    found = Readings(root, {"XDG_CACHE_HOME": str(folder)})
    documents = found.documents(text, "a.yaml")
    found.keep()
    return documents


def shown(documents: list[RawDocument]) -> Any:
    return [(repr(one.value), one.places, one.text, one.file, one.findings) for one in documents]


def kept(folder: Path) -> Path:
    (file,) = (folder / "yeta").iterdir()
    return file


def test_what_was_read_is_the_same_when_it_is_not_parsed(tmp_path: Path, parsed: list[str]) -> None:
    text = f"{SPRING}---\nkind: DirectCall\n"
    first, again = read(tmp_path, text), read(tmp_path, text)

    assert shown(again) == shown(first) == shown(parse_documents(text, "a.yaml"))
    assert parsed == [text]
    assert str(again[0].at("times", 1, "at")) == "a.yaml:7:35"
    assert kept(tmp_path).stat().st_mode & 0o777 == 0o600


def test_what_was_kept_is_kept_on_beside_what_is_new(tmp_path: Path, parsed: list[str]) -> None:
    texts = [SPRING, SPRING.replace("spring", "autumn")]
    read(tmp_path, SPRING)
    for _ in range(2):
        found = Readings(ROOT, {"XDG_CACHE_HOME": str(tmp_path)})
        both = [found.documents(text, "a.yaml") for text in texts]
        found.keep()

        assert [*map(shown, both)] == [shown(parse_documents(text, "a.yaml")) for text in texts]
    assert parsed == texts


def test_in_a_folder_where_others_may_put_links_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "yeta").mkdir()
    (tmp_path / "yeta").chmod(0o777)
    read(tmp_path, SPRING)

    assert not [*(tmp_path / "yeta").iterdir()]


def test_a_file_that_changed_is_read_anew_though_it_looks_the_same(tmp_path: Path) -> None:
    document, cache = tmp_path / "spring.yaml", {"HOME": str(tmp_path)}
    assert repository(tmp_path, environ=cache).campaigns["spring"].model.state == "running"
    looked = document.stat()
    document.write_text(CAMPAIGN.replace("running", "paused "), encoding="utf-8")
    os.utime(document, ns=(looked.st_atime_ns, looked.st_mtime_ns))

    assert document.stat().st_size == looked.st_size
    assert load(tmp_path, environment=None, environ=cache).campaigns["spring"].model.state == "paused"


@pytest.mark.parametrize("damage", ["a byte", "its end", "its seal", "all of it", "others may write"])
def test_a_file_that_is_not_as_it_was_written_is_none(tmp_path: Path, parsed: list[str], damage: str) -> None:
    read(tmp_path, SPRING)
    file = kept(tmp_path)
    whole = file.read_text(encoding="utf-8")
    damaged = {
        "a byte": whole.replace("spring", "sprung"),
        "its end": whole[:-9],
        "its seal": whole.partition("\n")[2],
        "all of it": "\udcff\udcfe",
        "others may write": whole,
    }
    file.write_text(damaged[damage], encoding="utf-8", errors="surrogateescape")
    file.chmod(0o666 if damage == "others may write" else 0o600)

    assert read(tmp_path, SPRING)[0].value["name"] == "spring"
    assert len(parsed) == 2


def test_other_code_reads_anew(tmp_path: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    read(tmp_path, SPRING)
    monkeypatch.setattr("yeta_reconcile.documents.yamlfile.__file__", __file__)
    readings._code.cache_clear()
    try:
        read(tmp_path, SPRING)
    finally:
        readings._code.cache_clear()

    assert len(parsed) == 2


def test_two_at_once_leave_a_whole_file(tmp_path: Path, parsed: list[str]) -> None:
    texts = [SPRING.replace("spring", name * 2000) for name in ("a", "b")]
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(lambda nth: read(tmp_path, texts[nth % 2]), range(40)):
            assert found[0].value["name"][0] in "ab"

    parsed.clear()
    read(tmp_path, texts[0])
    read(tmp_path, texts[0])
    assert len(parsed) <= 1
    kept(tmp_path)


def test_each_repository_has_its_own(tmp_path: Path, parsed: list[str]) -> None:
    for root in (ROOT, Path("/other")):
        read(tmp_path, SPRING, root=root)

    assert len(parsed) == 2


@pytest.mark.parametrize("environ", [{}, {"XDG_CACHE_HOME": "cache"}, {"XDG_CACHE_HOME": "/dev/null"}])
def test_without_a_folder_everything_is_parsed(environ: dict[str, str], parsed: list[str]) -> None:
    for _ in range(2):
        found = Readings(ROOT, environ)
        found.documents(SPRING, "a.yaml")
        found.keep()

    assert len(parsed) == 2


@pytest.mark.parametrize(
    "text",
    [
        "kind: DialogContext\nname: hotline\ncontexts: {entries: {'1111': {姓名: 张三}}}\n",
        "kind: Project\nname: acme\nnotify: [{to: https://example.com/secret}]\n",
        "kind: Campaign\nkind: Campaign\n",
        "kind: Campaign\n1: one\n",
        "kind: Campaign\nweights: [.inf]\n",
        "- kind: Campaign\n",
    ],
)
def test_what_holds_names_or_secrets_or_is_odd_is_kept_nowhere(tmp_path: Path, text: str) -> None:
    read(tmp_path, text)

    assert not (tmp_path / "yeta").exists()


def test_of_a_repository_with_errors_nothing_is_kept(tmp_path: Path) -> None:
    said(
        tmp_path,
        {"spring.yaml": CAMPAIGN, "autumn.yaml": "kind: Campaign\n"},
        environ={"HOME": str(tmp_path)},
    )

    assert not (tmp_path / ".cache").exists()


def test_files_that_nobody_wrote_for_a_month_are_taken_away(tmp_path: Path) -> None:
    read(tmp_path, SPRING, root=Path("/gone"))
    os.utime(kept(tmp_path), (1, 1))
    read(tmp_path, SPRING)

    assert kept(tmp_path).stat().st_mtime > 1
