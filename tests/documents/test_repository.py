"""A repository is loaded whole, or every finding about it comes in one run, each at its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.repositories import CAMPAIGN, PROJECT, repository, said
from yeta_reconcile.diagnostics import Diagnostic, Position, once
from yeta_reconcile.documents.contacts import ListReader
from yeta_reconcile.documents.survey import Survey
from yeta_reconcile.documents.yamlfile import RawDocument
from yeta_reconcile.wording import Text

CONTEXT = 'kind: DialogContext\nname: vip\ncontexts: {entries: {"1111": {姓名: 张三}}}\n'


def test_a_repository_gives_its_documents_by_name_and_place(tmp_path: Path) -> None:
    direct = 'kind: DirectCall\nname: otp\nrobot: "719"\nline: "69101338"\ncontacts: {csv: ../list.csv}\n'

    loaded = repository(tmp_path, {"spring.yaml": CAMPAIGN, "sub/more.yaml": f"{direct}---\n{CONTEXT}"})

    assert (loaded.project.name, loaded.environment, loaded.warnings) == ("acme", "", ())
    assert list(loaded.campaigns) == ["spring"]
    assert list(loaded.direct_calls) == ["otp"]
    assert list(loaded.contexts) == ["vip"]
    assert list(loaded.callings) == ["spring", "otp"]
    assert str(loaded.campaigns["spring"].at("lines", 0)) == "spring.yaml:5:9"
    assert str(loaded.contexts["vip"].key_at("name")) == "sub/more.yaml:8:1"
    assert loaded.context_reader(loaded.contexts["vip"]) is None
    spec = loaded.list_spec(loaded.callings["otp"])
    assert (spec.path, spec.label) == (tmp_path.resolve() / "list.csv", "list.csv")
    assert spec.at
    assert str(spec.at("csv")) == "sub/more.yaml:5:17"


def test_where_values_stand_is_laid_out_only_once_somebody_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid_out: list[str] = []
    lay_out = RawDocument._indexed

    def noted(raw: RawDocument) -> Any:
        laid_out.append(raw.file)
        return lay_out(raw)

    monkeypatch.setattr(RawDocument, "_indexed", noted)

    loaded = repository(tmp_path, {"spring.yaml": CAMPAIGN})

    assert "spring.yaml" not in laid_out
    assert str(loaded.campaigns["spring"].at("name")) == "spring.yaml:2:7"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("recall: {count: true}", "17: error: recall.count: a whole number is expected"),
        ("recall: {wait: 500ms}", "16: error: recall.wait: whole seconds are needed, like 90s or 10m"),
        (f'voice: "{"x" * 65}"', "8: error: voice: at most 64 characters"),
        ('protect: "true"', "10: error: protect: true or false is expected"),
        ('lines: ["1", "2", "1"]', "19: error: lines[2]: this is named twice; take one of them out"),
    ],
)
def test_what_only_looks_like_a_value_is_an_error(tmp_path: Path, line: str, expected: str) -> None:
    text = f'kind: Campaign\nname: spring\nstate: running\nrobot: "1"\ncontacts: {{csv: list.csv}}\n{line}\n'
    project = f'{PROJECT}defaults: {{lines: ["1"]}}\n'

    assert said(tmp_path, {"yeta.yaml": project, "spring.yaml": text}) == [f"spring.yaml:6:{expected}"]


def test_all_errors_of_all_documents_come_in_one_run(
    tmp_path: Path, golden: Callable[[Path, str], None]
) -> None:
    files = {
        "yeta.yaml": PROJECT + "retention: 90\nlimit: {}\n",
        "a.yaml": CAMPAIGN.replace("running", "runing").replace('"111111"', "055169101407"),
        "b.yaml": "kind: Campain\n---\n- 1\n---\nkind: [x]\n---\nkind: Project\nname: two\n",
        "c.yaml": "a: {\n",
        "d.yaml": "# nothing\n",
        "e.yaml": CONTEXT.replace('"1111": {姓名: 张三}', "1990000: {姓名: 5}"),
    }

    golden(Path(__file__).parent / "golden" / "load_errors.txt", "\n".join(said(tmp_path, files)) + "\n")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("name: spring", "name: Spring"), "2:7: error: name: a name is made of a to z"),
        (("name: spring\n", ""), "1:1: error: name: this key is missing"),
        (
            ("robot", "robots"),
            "1:1: error: robot: this key is missing (give it here, or robot under `defaults:`",
        ),
        (('lines: ["055169101407"]', "lines: []"), "5:8: error: lines: this must not be empty"),
        (('["055169101407"]', '"055169101407"'), "5:8: error: lines: a list is expected"),
        (('["055169101407"]', '["a;b"]'), "5:9: error: lines[0]: an identifier holds no spaces, commas"),
        (("{csv: list.csv}", "list.csv"), "6:11: error: contacts: a mapping is expected"),
        (("list.csv}", "list.csv, ordered: 3}"), "6:36: error: contacts.ordered: true or false"),
        (
            ("list.csv}", "lst.csv}"),
            "6:17: error: there is no file lst.csv (the path",
        ),
        (
            ("list.csv}", "no/list.csv}"),
            "6:17: error: there is no file no/list.csv (the path",
        ),
        (("{csv: list.csv}", "{csv: .}"), "6:17: error: . is a folder"),
        (
            ("{csv: list.csv}", "{csv: list.csv, key: []}"),
            "6:32: error: contacts.key: this must not be empty",
        ),
        (
            ("{csv: list.csv}", "{csv: list.csv, columns: {1: 2}}"),
            "6:37: error: contacts.columns[1]: this key must be text",
        ),
    ],
)
def test_what_is_wrong_in_a_campaign_is_said_in_plain_words(
    tmp_path: Path, change: tuple[str, str], expected: str
) -> None:
    assert change[0] in CAMPAIGN

    found = said(tmp_path, {"a.yaml": CAMPAIGN.replace(*change)})

    assert any(line.startswith(f"a.yaml:{expected}") for line in found), found


def test_a_name_longer_than_a_file_can_have_is_that_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    name = "x" * 300
    limits = f"limits: {{do_not_call: [{name}]}}\ncalendar: {name}.csv\nfiles: [{name}]\n"
    campaign = CAMPAIGN.replace("list.csv", name)

    found = said(tmp_path, {"yeta.yaml": PROJECT + limits, "a.yaml": campaign})

    assert sum(f"there is no file {name}" in line for line in found) == 3
    assert sum(f"there is no folder {name}" in line for line in found) == 1


def test_environments_that_are_no_mapping_are_a_finding(tmp_path: Path) -> None:
    found = said(tmp_path, {"yeta.yaml": PROJECT + "environments: [x]\n", "a.yaml": CAMPAIGN})
    assert ["environments: a mapping is expected" in line for line in found] == [True]


def test_a_key_of_nothing_is_the_number(tmp_path: Path) -> None:
    keyed = CAMPAIGN.replace("{csv: list.csv}", "{csv: list.csv, key: null}")
    assert "spring" in repository(tmp_path, {"a.yaml": keyed}).campaigns


def test_a_list_of_wrong_items_is_not_called_empty(tmp_path: Path) -> None:
    document = CAMPAIGN.replace('["055169101407"]', "[055169101407]")

    found = said(tmp_path, {"a.yaml": document})

    (line,) = found
    assert line.startswith("a.yaml:5:9: error: lines[0]: 055169101407 is an identifier")


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ("recall: {count: 4}", "7:17: error: recall.count: at most 3 is possible"),
        ("recall: {count: -1}", "7:17: error: recall.count: at least 0 is needed"),
        ("recall: {count: x}", "7:17: error: recall.count: a whole number"),
        ('schedule: {windows: ["9-12"]}', "7:22: error: schedule.windows[0]: a window is"),
        ('schedule: {windows: ["12:00-09:00"]}', "7:22: error: schedule.windows[0]: the window ends at"),
        (
            'schedule: {windows: ["09:00-25:00"]}',
            "7:22: error: schedule.windows[0]: 25:00 is no time of day",
        ),
        (
            'schedule: {windows: ["09:00-12:00", "11:00-13:00"]}',
            "7:21: error: schedule.windows: the windows 09:00:00-12:00:00 and",
        ),
        (
            "schedule: {begin: 2026-12-01}",
            "7:19: error: schedule.begin: a date and a time of day",
        ),
        (
            "schedule: {begin: 1764550800}",
            "7:19: error: schedule.begin: a date and a time of day",
        ),
        (
            'schedule: {begin: "2026-02-30 09:00"}',
            "7:19: error: schedule.begin: 2026-02-30 09:00 is no date and time",
        ),
        (
            "schedule:\n  end: 2026-12-01T09:00:00\n  begin: 2026-12-01T09:00:00",
            "8:8: error: schedule.end: the schedule ends before it begins",
        ),
        ("exempt: [{limit: x, reason: y, until: z}]", "7:18: error: exempt[0].limit: one of new_numbers"),
        ("protect: true\nprotect: false", "8:1: error: the key protect stands twice"),
        ("renamed_from: spring", "7:15: error: spring is declared too"),
        ("repeats: [spring]", "7:11: error: a campaign cannot repeat itself"),
        ("continues: [spring]", "7:13: error: a campaign cannot continue itself"),
        ("repeats: [old]\ncontinues: [old]", "8:13: error: whom old called cannot both count as called"),
        (
            "renamed_from: old\ncontinues: [old]",
            "8:13: error: spring is old under a new name, and",
        ),
    ],
)
def test_so_is_what_is_wrong_with_what_a_campaign_may_say_besides(
    tmp_path: Path, added: str, expected: str
) -> None:
    found = said(tmp_path, {"a.yaml": CAMPAIGN + added})

    assert any(line.startswith(f"a.yaml:{expected}") for line in found), found


def test_names_are_unique_over_campaigns_and_direct_calls_and_apart_from_contexts(tmp_path: Path) -> None:
    direct = CAMPAIGN.replace("Campaign", "DirectCall").replace("state: running\n", "")
    direct = direct.replace('lines: ["055169101407"]', 'line: "1"')
    files = {"a.yaml": CAMPAIGN, "b.yaml": direct, "c.yaml": CONTEXT.replace("vip", "spring")}

    assert said(tmp_path, files) == [
        "b.yaml:2:7: error: the name spring is taken by a.yaml:2:7 (names are unique: change one)"
    ]
    (tmp_path / "b.yaml").write_text(CONTEXT.replace("vip", "spring"))
    assert "c.yaml:2:7: error: the name spring is taken by b.yaml:2:7" in said(tmp_path, {})[0]


def test_one_name_cannot_have_become_two(tmp_path: Path) -> None:
    files = {
        name: CAMPAIGN.replace("spring", name[0]) + "renamed_from: old\n" for name in ("a.yaml", "b.yaml")
    }

    assert said(tmp_path, files) == [
        "b.yaml:7:15: error: old is said to have become a too (a name goes on in one campaign)"
    ]


def test_a_circle_is_one_under_a_former_name_too(tmp_path: Path) -> None:
    new = CAMPAIGN.replace("spring", "new") + "renamed_from: old\ncontinues: [b]\n"
    files = {"b.yaml": CAMPAIGN.replace("spring", "b") + "continues: [old]\n", "new.yaml": new}

    assert said(tmp_path, files)[0].startswith("b.yaml:7:13: error: old continues b in its turn")


def test_campaigns_do_not_continue_each_other_in_a_circle(tmp_path: Path) -> None:
    files = {
        f"{name}.yaml": CAMPAIGN.replace("spring", name) + f"continues: [{other}]\n"
        for name, other in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"))
    }

    assert [line.split(" (")[0] for line in said(tmp_path, files)] == [
        "a.yaml:7:13: error: b continues a in its turn: each would wait for the other",
        "b.yaml:7:13: error: c continues b in its turn: each would wait for the other",
        "c.yaml:7:13: error: a continues c in its turn: each would wait for the other",
    ]


def test_a_campaign_of_the_past_may_be_repeated_and_a_near_miss_is_a_warning(tmp_path: Path) -> None:
    files = {
        "a.yaml": CAMPAIGN,
        "b.yaml": CAMPAIGN.replace("spring", "again") + "repeats: [sprng, gone-long-ago]\n",
    }

    assert [str(found) for found in repository(tmp_path, files).warnings] == [
        (
            "b.yaml:7:11: warning: no document declares sprng; that is right if it is a campaign of the past "
            "(did you mean spring?)"
        )
    ]


def test_a_dialog_context_has_one_source_and_its_campaign_exists(tmp_path: Path) -> None:
    both = "kind: DialogContext\nname: a\ncontexts: {campaign: sprin, csv: list.csv, key: x}\n"

    assert said(tmp_path, {"spring.yaml": CAMPAIGN, "a.yaml": both}) == [
        (
            "a.yaml:3:11: error: contexts: exactly one of csv, entries and campaign is needed;"
            " found csv and campaign"
        )
    ]
    assert said(tmp_path, {"a.yaml": both.replace(", csv: list.csv, key: x", "")}) == [
        "a.yaml:3:22: error: there is no campaign sprin (did you mean spring?)"
    ]
    alone = both.replace("campaign: sprin, ", "")
    assert "csv and key go together" in said(tmp_path, {"a.yaml": alone.replace(", key: x", "")})[0]
    assert "there is no file no.csv" in said(tmp_path, {"a.yaml": alone.replace("list", "no")})[0]


def test_a_dialog_context_may_answer_from_a_file(tmp_path: Path) -> None:
    context = "kind: DialogContext\nname: a\ncontexts: {csv: vip.csv, key: id}\n"

    loaded = repository(tmp_path, {"sub/a.yaml": context, "sub/vip.csv": "id,姓名\n1,张三\n"})

    reader = loaded.context_reader(loaded.contexts["a"])
    assert reader is not None
    assert [row.values for row in reader] == [{"姓名": "张三"}]


def test_defaults_are_laid_under_every_campaign(tmp_path: Path) -> None:
    defaults = (
        'defaults:\n  robot: "1"\n  lines: ["2", "3"]\n  voice: "4"\n  recall: {count: 2, wait: 5m}\n'
        '  schedule: {windows: ["13:00-14:00", "09:00-12:00"], end: 2026-12-20T18:00:00}\n'
    )
    bare = "kind: Campaign\nname: a\nstate: paused\ncontacts: {csv: list.csv}\n"
    files = {
        "yeta.yaml": PROJECT + defaults,
        "a.yaml": bare + 'recall: {count: 1}\nschedule: {begin: 2026-12-01T09:00:00}\nvoice: "9"\n',
        "b.yaml": "kind: DirectCall\nname: b\ncontacts: {csv: list.csv}\n",
    }

    loaded = repository(tmp_path, files)

    campaign = loaded.campaigns["a"].model
    assert (campaign.robot, campaign.lines, campaign.voice) == ("1", ("2", "3"), "9")
    assert (campaign.recall.count, campaign.recall.wait) == (1, timedelta(minutes=5))
    assert campaign.schedule.windows == ("09:00:00-12:00:00", "13:00:00-14:00:00")
    assert campaign.schedule.begin == datetime(2026, 12, 1, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
    direct = loaded.direct_calls["b"].model
    assert (direct.robot, direct.line, direct.voice) == ("1", "2", "4")


def test_what_a_document_inherits_is_where_the_defaults_say_it(tmp_path: Path) -> None:
    project = (
        f"{PROJECT}defaults:\n  lines: [a, b]\n  robot: x\n  schedule: {{end: 2026-12-01T00:00:00}}\n"
        "environments:\n  test:\n    defaults: {robot: y}\n"
    )
    campaign = CAMPAIGN.replace('robot: "111111"\n', "schedule: {begin: 2026-11-01T00:00:00}\n")
    direct = "kind: DirectCall\nname: otp\ncontacts: {csv: list.csv}\n"
    files = {"yeta.yaml": project, "spring.yaml": campaign, "otp.yaml": direct, "vip.yaml": CONTEXT}

    loaded = repository(tmp_path, files, environment="test")
    spring, otp, vip = loaded.campaigns["spring"], loaded.direct_calls["otp"], loaded.contexts["vip"]

    assert str(spring.at("robot")) == "yeta.yaml:9:23"
    assert str(spring.at("schedule", "end")) == "yeta.yaml:6:19"
    assert str(spring.at("schedule", "begin")) == "spring.yaml:4:19"
    assert str(spring.at("lines", 1)) == "spring.yaml:5:8"
    assert str(spring.at("voice")) == "spring.yaml:1:1"
    assert str(otp.at("line")) == "yeta.yaml:4:11"
    assert str(vip.at("robot")) == "vip.yaml:1:1"


def test_an_error_in_the_defaults_is_said_once(tmp_path: Path) -> None:
    files = {"yeta.yaml": PROJECT + "defaults: {robot: 12, recall: {count: 9}}\n", "a.yaml": CAMPAIGN}

    assert [line.split(": ")[0] for line in said(tmp_path, files)] == ["yeta.yaml:3:19", "yeta.yaml:3:39"]


def test_times_without_an_offset_are_the_projects(tmp_path: Path) -> None:
    schedule = "schedule: {begin: 2026-12-01T09:00:00, end: 2026-12-20T18:00:00Z}\n"
    files = {"yeta.yaml": PROJECT + "timezone: Asia/Tokyo\n", "a.yaml": CAMPAIGN + schedule}

    declared = repository(tmp_path, files).campaigns["spring"].model.schedule

    assert declared.begin is not None
    assert declared.end is not None
    assert declared.begin.isoformat() == "2026-12-01T09:00:00+09:00"
    assert declared.end.isoformat() == "2026-12-20T18:00:00+00:00"


# The digest


def test_the_digest_follows_what_documents_say_and_nothing_else(tmp_path: Path) -> None:
    files = {"spring.yaml": CAMPAIGN, "vip.yaml": CONTEXT}
    digest = repository(tmp_path, files).digest

    assert repository(tmp_path, {"spring.yaml": f"# why\n{CAMPAIGN}"}).digest == digest
    assert repository(tmp_path, {"yeta.yaml": PROJECT + "platform: {max_in_flight: 2}\n"}).digest == digest
    assert repository(tmp_path, {}, environ={"YETA_STATE": "elsewhere.db"}).digest == digest
    changed = {
        repository(tmp_path, {}, environ={"YETA_BASE_URL": "http://localhost"}).digest,
        repository(tmp_path, {"yeta.yaml": PROJECT + "limits: {deletes: 1}\n"}).digest,
        repository(tmp_path, {"yeta.yaml": PROJECT + "environments: {x: {}}\n"}, environment="x").digest,
        repository(tmp_path, {"spring.yaml": CAMPAIGN + "protect: true\n"}).digest,
        repository(tmp_path, {"vip.yaml": CONTEXT.replace("张三", "李四")}).digest,
    }
    assert len(changed | {digest}) == 6


# Which files


def test_documents_are_what_the_globs_name_and_nothing_hidden(tmp_path: Path) -> None:
    files = {
        "yeta.yaml": PROJECT + 'documents: ["./campaigns/**/*.yaml", "x[!b]?.yml"]\n',
        "campaigns/a.yaml": CAMPAIGN.replace("list.csv", "../list.csv"),
        "campaigns/deep/er/b.yaml": CONTEXT,
        "campaigns/.hidden/c.yaml": "x: 1\n",
        "campaigns/.d.yaml": "x: 1\n",
        "other.yaml": "x: 1\n",
        "xay.yml": CONTEXT.replace("vip", "more"),
        "xby.yml": "x: 1\n",
    }

    loaded = repository(tmp_path, files)

    assert list(loaded.callings) == ["spring"]
    assert list(loaded.contexts) == ["vip", "more"]


def test_links_are_followed_once_and_never_in_a_circle(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "vip.yaml").write_text(CONTEXT, encoding="utf-8")
    root = tmp_path / "repository"
    (root / "a").mkdir(parents=True)
    (root / "a" / "link").symlink_to(outside)
    (root / "b").symlink_to(root / "a")
    (root / "a" / "circle").symlink_to(root)

    loaded = repository(root, {"a/spring.yaml": CAMPAIGN.replace("list.csv", "../list.csv")})

    assert loaded.campaigns["spring"].file == "a/spring.yaml"
    assert loaded.contexts["vip"].file in {"a/link/vip.yaml", "b/link/vip.yaml"}
    (root / "gone.yaml").symlink_to(root / "nowhere")
    assert said(root, {"list.csv": ""}) == ["gone.yaml:1:1: error: cannot be read: No such file or directory"]


def test_a_repository_of_a_thousand_documents_is_read_once_each(tmp_path: Path) -> None:
    files = {f"c{n}.yaml": CAMPAIGN.replace("spring", f"c{n}") for n in range(1000)}

    assert len(repository(tmp_path, files).campaigns) == 1000


def test_a_folder_of_files_that_is_none_is_an_error_at_its_place(tmp_path: Path) -> None:
    settings = PROJECT + "files: [lists, nowhere, list.csv]\n"
    (tmp_path / "lists").mkdir()
    found = said(tmp_path, {"yeta.yaml": settings, "spring.yaml": CAMPAIGN})
    line = settings.count("\n")
    hint = "(`files:` names folders, relative to yeta.yaml, in which lists may stand)"
    assert found == [
        f"yeta.yaml:{line}:16: error: files: there is no folder nowhere {hint}",
        f"yeta.yaml:{line}:25: error: files: list.csv is a file {hint}",
    ]


@pytest.mark.parametrize(
    ("defaults", "own"),
    [
        ('schedule: {windows: ["13:00-12:00"]}', "schedule: {end: 2031-12-01T09:00:00}\n"),
        ("recall: {count: 9}", "recall: {wait: 10m}\n"),
        ("recall: {count: 9}", ""),
    ],
)
def test_a_mistake_in_the_defaults_is_said_once_however_many_campaigns_have_it(
    tmp_path: Path, defaults: str, own: str
) -> None:
    files = {
        f"{name}.yaml": CAMPAIGN.replace("spring", name) + own for name in ("spring", "summer", "autumn")
    }
    (found,) = said(tmp_path, {"yeta.yaml": PROJECT + f"defaults: {{{defaults}}}\n", **files})
    assert found.startswith("yeta.yaml:")
    assert "defaults." in found


def test_what_a_merge_left_in_a_list_is_found_beside_what_is_wrong_with_its_contacts(tmp_path: Path) -> None:
    campaign = CAMPAIGN.replace("csv: list.csv", "csv: list.csv, changed_number: maybe, duplicates: never")
    merge = "客户手机号码\n<<<<<<< HEAD\n19900000001\n=======\n19900000002\n>>>>>>> theirs\n"
    for name, text in {"yeta.yaml": PROJECT, "list.csv": merge, "spring.yaml": campaign}.items():
        (tmp_path / name).write_text(text, "utf-8")

    survey = Survey(tmp_path, None, {})
    (spec,) = survey.other_lists
    reader = ListReader(spec, None)
    assert [*reader.blocks()]

    assert [found.code for found in survey.findings if found.severity == "error"] == ["invalid-word"] * 2
    assert "conflict" in " ".join(found.summary for found in reader.diagnostics)


def test_what_several_campaigns_inherit_is_one_finding_of_none_of_them() -> None:
    place = Position("yeta.yaml", 5, 3)
    findings = [
        Diagnostic("error", "x", Text("there is no robot 1"), place, Text(""), name) for name in ("a", "b")
    ]
    assert once(findings) == [Diagnostic("error", "x", Text("there is no robot 1"), place)]
    assert once(findings[:1]) == findings[:1]
    loose = [replace(found, position=None) for found in findings]
    assert once(loose) == loose
