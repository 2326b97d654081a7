"""`docs/reference.md` and `docs/reference-zh.md` are what the code knows; `pytest --update` writes them."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from prometheus_client import generate_latest

from tests.documents.document_schema import schema
from tests.support.glossary import glossary
from tests.support.sources import MODULES, ROOT, walked
from yeta_reconcile.cli.commands.explain import KINDS, explained, within
from yeta_reconcile.cli.known import SAID, metrics, named, names, said, sample
from yeta_reconcile.cli.language import speaking
from yeta_reconcile.documents.limits import Happening
from yeta_reconcile.documents.packs import NAMES as PACKS
from yeta_reconcile.errors import WrongUsage
from yeta_reconcile.plan.plan import ACTION, REASON, Action, Reason
from yeta_reconcile.platform.call import NAMES, RESULTS
from yeta_reconcile.receiver.metrics import REASONS, Metrics
from yeta_reconcile.render.words import result_said
from yeta_reconcile.wording import listed, looked_up, spoken

PAGES = {"en": ROOT / "docs" / "reference.md", "zh": ROOT / "docs" / "reference-zh.md"}
# What stands around what the code says.
MADE = (
    "Made from the code. Commands and exit codes stand in [cli.md](cli.md), "
    "the JSON of each in [json.md](json.md)."
)
TAKEN = "What `recall.again.on` takes: a class, one of its results by name, or the platform's number."
CODES = "The `code` of a finding, and what one of it says; what is in braces is put in."
WORDS = {
    "Reference": "参考",
    MADE: "由代码生成。命令和退出码见 [cli.md](cli.md)，各命令的 JSON 见 [json.md](json.md)。",
    "Packs of limits": "限制包",
    "Results of calls": "呼叫结果",
    TAKEN: "`recall.again.on` 可以写：结果类别、其中一个结果的名称，或平台的数字代码。",
    "| name | stands for |": "| 名称 | 代表 |",
    "Findings": "诊断",
    CODES: "诊断的 `code`，以及它的一条消息；花括号中的内容在显示时代入。",
    "| code | severity | for example |": "| code | 级别 | 例如 |",
    "Changes of a plan": "计划中的变更",
    "| action | is |": "| action | 含义 |",
    "| reason | is |": "| reason | 含义 |",
    "Events": "事件",
    "What `notify.on` takes, and what one of it says.": "`notify.on` 可以写的事件，以及它的一条消息。",
    "| event | for example |": "| 事件 | 例如 |",
    "Metrics": "指标",
    "Of `/metrics` of the receiver.": "接收器 `/metrics` 的指标。",
    "| metric | type | means | for example |": "| 指标 | 类型 | 含义 | 例如 |",
    "`yeta_refused_total` has as its `reason`:": "`yeta_refused_total` 的 `reason`：",
    "| reason | means |": "| reason | 含义 |",
}
# Where a message has something put in: `{name}` or `{number:,}`.
PLACE = re.compile(r"\{[a-z_0-9]+(:[^ }]*)?\}")
SLUG = re.compile(r"[a-z]+(?:-[a-z]+)*")


def told(english: str) -> str:
    """What stands around what the code says, in the language of the run."""
    return english if spoken(ACTION[Action.CREATE]) == "create" else WORDS[english]


def keys(name: str, node: dict[str, Any], definitions: dict[str, Any], path: str) -> Iterator[str]:
    """The path of each key below a mapping, as `yeta explain` takes it."""
    for key, value in node.get("properties", {}).items():
        yield f"{path}.{key}"
        inner = within(value, definitions)
        if inner is not value and key != "environments":
            yield from keys(name, inner, definitions, f"{path}.{key}")


def of_keys() -> Iterator[str]:
    definitions = schema()["$defs"]
    for kind, name in KINDS.items():
        yield f"## {name}\n\n"
        for path in keys(name, definitions[name], definitions, kind):
            yield f"### `{path}`\n\n```text\n{explained(path)}```\n\n"


def of_packs(language: str) -> Iterator[str]:
    yield f"## {told('Packs of limits')}\n\n"
    for name in sorted(PACKS):
        yield f"### `{name}`\n\n```yaml\n{explained(f'limits.{name}', language)}```\n\n"


def of_results() -> Iterator[str]:
    yield f"## {told('Results of calls')}\n\n"
    yield f"{told(TAKEN)}\n\n{told('| name | stands for |')}\n|---|---|\n"
    for name, codes in NAMES.items():
        said = [f"{code} {result_said(code, RESULTS[code].words)}" for code in sorted(codes, key=int)]
        yield f"| `{name}` | {spoken(listed(said, 0))} |\n"
    yield "\n"


@cache
def findings() -> list[tuple[str, str, str]]:
    """What `found` finds, in order."""
    return sorted(found())


def found() -> Iterator[tuple[str, str, str]]:
    """(code, severity, a message) of every finding that the code makes; "" where none stands beside it."""
    for path in MODULES:
        functions = [node for node in walked(path) if isinstance(node, ast.FunctionDef)]
        for node in walked(path):
            if not isinstance(node, ast.Call):
                continue
            given = [arg.value if isinstance(arg, ast.Constant) else None for arg in node.args[:3]]
            match given:
                case [("error" | "warning" | "note") as severity, str(code), *_] if SLUG.fullmatch(code):
                    yield code, severity, message(node, functions)
                case [str(code), *_] if ast.unparse(node.func).endswith(".find") and SLUG.fullmatch(code):
                    yield code, "", message(node, functions)
                case [str(code), *_] if ast.unparse(node.func).endswith(".note") and SLUG.fullmatch(code):
                    yield code, "note", message(node, functions)


def message(call: ast.Call, functions: list[ast.FunctionDef]) -> str:
    """What a finding says: what stands in the call, else in the function around it, else in its module."""
    around = [one for one in functions if one.lineno <= call.lineno <= (one.end_lineno or 0)]
    said = [text for one in (call, *around[::-1], *functions) for text in messages(one)]
    return next((text for text in said if text.count(" ") > 2), "")


def messages(node: ast.AST) -> list[str]:
    """The templates of what is said in a node, in order."""
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)]
    made = [one for one in calls if ast.unparse(one.func) in {"phrase", "plural"} and one.args]
    texts = [(one.lineno, one.args[0].value) for one in made if isinstance(one.args[0], ast.Constant)]
    return [str(text) for _, text in sorted(texts, key=lambda pair: pair[0])]


def cell(english: str) -> str:
    return looked_up(english).replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def said_in_code() -> str:
    """What findings and events say, as `yeta explain` reads it."""
    by_code: dict[str, tuple[set[str], str]] = {}
    for code, severity, message in findings():
        severities, example = by_code.get(code, (set(), ""))
        by_code[code] = severities | {severity or "any"}, example or message
    made = {
        "findings": {code: [", ".join(sorted(found)), example] for code, (found, example) in by_code.items()},
        "events": events(),
        "words": glossary(),
    }
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def of_findings() -> Iterator[str]:
    yield f"## {told('Findings')}\n\n{told(CODES)}\n\n"
    yield f"{told('| code | severity | for example |')}\n|---|---|---|\n"
    for code, (severities, example) in said()["findings"].items():
        yield f"| `{code}` | {severities} | {cell(example)} |\n"
    yield "\n"


def of_plans() -> Iterator[str]:
    yield f"## {told('Changes of a plan')}\n\n{told('| action | is |')}\n|---|---|\n"
    yield from (f"| `{one}` | {spoken(ACTION[one])} |\n" for one in Action)
    yield f"\n{told('| reason | is |')}\n|---|---|\n"
    yield from (f"| `{one}` | {spoken(REASON[one])} |\n" for one in Reason)
    yield "\n"


def events() -> dict[str, str]:
    """What each kind of event says."""
    found = {}
    for function in walked(ROOT / "yeta_reconcile" / "notify" / "events.py"):
        if isinstance(function, ast.FunctionDef):
            for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
                if ast.unparse(call.func) == "_event" and isinstance(call.args[0], ast.Constant):
                    found[call.args[0].value] = next(iter(messages(call) or messages(function)), "")
    found["halted"] = "halted by {who} at {at}"
    found["aborted"] = next(text for code, _, text in findings() if code == "aborted")
    return {kind: found[kind] for kind in get_args(Happening)}


def of_events() -> Iterator[str]:
    yield f"## {told('Events')}\n\n{told('What `notify.on` takes, and what one of it says.')}\n\n"
    yield f"{told('| event | for example |')}\n|---|---|\n"
    yield from (f"| `{kind}` | {cell(example)} |\n" for kind, example in said()["events"].items())
    yield "\n"


def of_metrics() -> Iterator[str]:
    yield f"## {told('Metrics')}\n\n{told('Of `/metrics` of the receiver.')}\n\n"
    yield f"{told('| metric | type | means | for example |')}\n|---|---|---|---|\n"
    for metric in metrics():
        yield f"| `{named(metric)}` | {metric.type} | {cell(metric.documentation)} | `{sample(metric)}` |\n"
    yield f"\n{told('`yeta_refused_total` has as its `reason`:')}\n\n"
    yield f"{told('| reason | means |')}\n|---|---|\n"
    yield from (f"| `{reason}` | {cell(words)} |\n" for reason, words in REASONS.items())


@cache
def reference(language: str) -> str:
    with speaking(language):
        parts = (of_keys(), of_packs(language), of_results(), of_findings(), of_plans(), of_events())
        told_so = "".join(map("".join, (*parts, of_metrics())))
        return f"# {told('Reference')}\n\n{told(MADE)}\n\n{told_so}"


def test_what_explain_says_of_findings_and_events_is_what_the_code_says(
    golden: Callable[[Path, str], None],
) -> None:
    golden(SAID, said_in_code())


@pytest.mark.parametrize("language", PAGES)
def test_whatever_can_be_asked_of_is_explained_without_a_place_to_be_filled(language: str) -> None:
    definitions = schema()["$defs"]
    paths = [
        path for kind, name in KINDS.items() for path in keys(name, definitions[name], definitions, kind)
    ]
    asked = [*KINDS, *paths, *PACKS, *names()]
    assert len(asked) > 400
    with speaking(language):
        explanations = {name: explained(name, language) for name in asked}
    assert [name for name, said in explanations.items() if not said.strip()] == []
    assert [name for name, said in explanations.items() if PLACE.search(said)] == []


@pytest.mark.parametrize(
    ("asked", "meant"),
    [("canari", "canary"), ("hlat", "halt"), ("rollou", "rollout"), ("campaign.stat", "state")],
)
def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(asked: str, meant: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        explained(asked)
    assert refused.value.hint == f"did you mean {meant}?"


def test_a_word_of_the_glossary_is_explained_with_its_chinese() -> None:
    assert explained("dead letter") == "`dead letter` (死信): a push that is no JSON object\n"


def test_a_key_that_says_what_one_of_its_choices_means_says_it_of_each() -> None:
    definitions = schema()["$defs"]
    choices = [
        (f"{name}.{key}", {f"`{one}`" for one in value["enum"]}, value["description"])
        for name, definition in definitions.items()
        for key, value in definition["properties"].items()
        if "enum" in value and "description" in value
    ]
    assert len(choices) > 8
    assert [key for key, each, said in choices if 0 < sum(one in said for one in each) < len(each)] == []


def test_a_scrape_is_english_in_every_language() -> None:
    english = generate_latest(Metrics().registry)
    assert b"# HELP yeta_storing 1 if the state can be written.\n" in english
    with speaking("zh"):
        assert generate_latest(Metrics().registry).isascii()


@pytest.mark.sweep
@pytest.mark.parametrize("language", PAGES)
def test_the_reference_says_what_the_code_knows(golden: Callable[[Path, str], None], language: str) -> None:
    golden(PAGES[language], reference(language))


@pytest.mark.parametrize("language", PAGES)
def test_everything_in_a_table_of_the_reference_has_its_example(language: str) -> None:
    rows = [line for line in reference(language).splitlines() if line.startswith("| `")]
    assert len(rows) > 150
    assert [row for row in rows if re.search(r"\|\s*\|", row)] == []


def test_what_every_key_means_is_said_with_an_example_or_its_choices() -> None:
    blocks = re.findall(r"### `([a-z_.]+)`\n\n```text\n(.*?)```", reference("en"), re.DOTALL)
    assert len(blocks) > 100
    for path, text in blocks:
        told = re.search(r"^(example|one of|each one of|default): |^  [a-z_]+: ", text, re.MULTILINE)
        assert text.strip(), path
        assert told or path.endswith(".kind"), path


def test_a_number_of_the_platform_is_explained_whatever_else_it_is() -> None:
    assert explained("20") == "the platform's result 20 of a call: no answer · 用户未接\n"
    assert "exit code 8: " in explained("8")
    assert "the platform's result 8 of a call: refused by the customer · 客户拒接\n" in explained("8")
    assert explained("3030002").startswith("the platform's code 3030002: the line is taken by another task (")
    assert "code 0: done (" not in explained("0")
