"""Rules of the house that a machine can hold."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable, Container, Iterator
from pathlib import Path

import click
import pytest

from tests.support.command_pages import parts
from tests.support.sources import MODULES, ROOT, parsed, walked
from yeta_reconcile.cli.app import yeta
from yeta_reconcile.cli.main import main

pytestmark = pytest.mark.sweep

THIS = Path(__file__)

# What the tree is excused from. These numbers may only fall: whoever removes one lowers it here.
EXEMPTIONS = {"pragma: no cover": 0, "type: ignore": 4, "noqa": 37}

# Folders of tests that are about no one room of the product: they go through all of it, or look at the tree.
STORIES = {"diff", "gitops", "guards", "journal", "mutants", "release", "wording"}
# Test modules beside them that are about no one module.
TREE = {"examples", "house", "reference", "site", "wheel"}

# What stands at the top: what the project is made of, and beside it what tools and readers look for there.
TOP = {
    "yeta_reconcile", "tests", "examples", "state", "docs", "deploy", "pyproject.toml", "requirements.lock",
    "Makefile", "mkdocs.yml", "release.toml", "renovate.json", "action.yml", "README.md", "README.zh-CN.md",
    "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "SECURITY.md", ".ci", ".github", ".gitignore", ".vscode",
    ".pre-commit-config.yaml", ".pre-commit-hooks.yaml",
}  # fmt: skip

HEAVY = {"httpx", "pydantic", "ruamel", "sqlite_utils", "waitress", "phonenumbers", "sqlite3"}


def texts() -> Iterator[Path]:
    """Every text of the project that a reader may see."""
    suffixes = {".py", ".md", ".yaml", ".yml", ".csv", ".json", ".jsonl", ".toml", ".txt"}
    for folder in ("yeta_reconcile", "tests", "examples", "docs", "."):
        found = (ROOT / folder).glob("*") if folder == "." else (ROOT / folder).rglob("*")
        yield from (path for path in found if path.is_file() and path.suffix in suffixes)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in walked(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def of_every_module(holds: Callable[[Path], None]) -> Callable[[], None]:
    """A test that names all modules of which a rule does not hold, and why."""

    def of_all() -> None:
        broken = {}
        for path in MODULES:
            try:
                holds(path)
            except AssertionError as error:
                broken[named(path)] = str(error)[:300]
        assert broken == {}

    of_all.__name__ = holds.__name__
    return of_all


@of_every_module
def test_a_module_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@of_every_module
def test_a_function_fits_on_a_screen(path: Path) -> None:
    long = [
        f"{function.name}: {length} lines"
        for function in functions(path)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > 50
    ]
    assert long == []


@of_every_module
def test_a_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(parsed(path))


@of_every_module
def test_a_module_is_a_noun_of_the_field(path: Path) -> None:
    assert not {"utils", "util", "helpers", "helper", "common", "misc"} & set(
        path.relative_to(ROOT).with_suffix("").parts
    )


@of_every_module
def test_a_reason_is_shown_and_never_branched_on(path: Path) -> None:
    """What a decision needs to know is a field of the change; its reason is for people."""

    def is_reason(node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and (
            node.attr == "reason" or (isinstance(node.value, ast.Name) and node.value.id == "Reason")
        )

    asked = [
        node.subject if isinstance(node, ast.Match) else node
        for node in walked(path)
        if isinstance(node, ast.Compare | ast.Match | ast.MatchValue)
    ]
    assert [ast.unparse(found) for found in asked if any(map(is_reason, ast.walk(found)))] == []


def exit_numbers(node: ast.AST) -> Iterator[ast.AST]:
    """What of a node is an exit code, where it says one."""
    match node:
        case (
            ast.keyword(arg="exit_code", value=value)
            | ast.Assign(targets=[ast.Name(id="exit_code")], value=value)
        ):
            yield value
        case ast.AnnAssign(target=ast.Name(id="exit_code"), value=ast.expr() as value):
            yield value
        case ast.Dict():
            pairs = zip(node.keys, node.values, strict=True)
            yield from (value for key, value in pairs if key and ast.unparse(key) == "'exit_code'")
        case ast.Compare(left=left, comparators=right) if ast.unparse(left).endswith("exit_code"):
            yield from (part for operand in right for part in ast.walk(operand))
        case ast.Call(args=[first, *_]) if re.search(r"(problem|Failure|Turn)$", ast.unparse(node.func)):
            yield first


@of_every_module
def test_an_exit_code_has_a_name(path: Path) -> None:
    """`exits.py` has each of them, and which of several counts."""
    tree = walked(path)
    said = [code for node in tree for code in exit_numbers(node)]
    if "cli" in path.parts:
        returned = [node.value for node in tree if isinstance(node, ast.Return)]
        both = [(value.body, value.orelse) for value in returned if isinstance(value, ast.IfExp)]
        said += [part for part in (*returned, *sum(both, ())) if part and ast.unparse(part) != "0"]
    assert [code.value for code in said if isinstance(code, ast.Constant) and type(code.value) is int] == []


def test_one_module_prints() -> None:
    """`cli/output.py` keeps what is printed from steering a terminal or a pipeline: nothing goes around it.

    `main.py` alone has the name of the version on stdout before anything else is loaded, and no value in it.
    """
    ways = re.compile(
        r"click\.s?echo|\bprint\(|os\.write|sys\.std(?:out|err)(?:\.buffer)?\.write|echo_via_pager"
    )

    printing = {named(path): ways.findall(path.read_text("utf-8")) for path in MODULES}

    assert {path: found for path, found in printing.items() if found} == {
        "yeta_reconcile/cli/main.py": ["print("],
        "yeta_reconcile/cli/output.py": ["os.write", "click.echo"],
    }


def test_a_page_that_code_refers_to_is_there() -> None:
    """openapi.md is the platform's own document, of which docs/platform.md tells."""
    named_pages = {
        (named(path), page)
        for path in MODULES
        for page in re.findall(r"(?:docs/)?[\w-]+\.md|\(design\b", path.read_text("utf-8"))
    }
    rows = {*re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "platform.md").read_text("utf-8"), re.MULTILINE)}
    told = {
        (named(path), row)
        for path in MODULES
        for rows_of in re.findall(r"\brows? (\d+(?:(?:, | to )\d+)*)\)", path.read_text("utf-8"))
        for row in re.findall(r"\d+", rows_of)
    }

    assert {
        (path, page) for path, page in named_pages if page != "openapi.md" and not (ROOT / page).exists()
    } == set()
    assert {(path, row) for path, row in told if row not in rows} == set()
    assert told


CHANGES = {"callout", "create", "delete", "insert", "pause", "start"}


def test_one_place_changes_the_platform() -> None:
    """Every call that changes something is handed to `journaled.change`; a halt's pauses alone are not."""

    def sent(node: ast.AST) -> list[str]:
        return [
            ast.unparse(call.func)
            for call in ast.walk(node)
            if isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr in CHANGES
            and ast.unparse(call.func.value).endswith("client")
        ]

    found = {}
    for path in MODULES:
        if not {"emulator", "platform"} & {*path.relative_to(ROOT).parts}:
            handed = [
                name
                for call in walked(path)
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "change"
                for name in sent(call)
            ]
            if past := len(sent(parsed(path))) - len(handed):
                found[named(path)] = past

    assert found == {"yeta_reconcile/apply/halt.py": 2}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="an unpacked sdist, not a work tree")
def test_nothing_strayed_into_the_tree() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = listed.stdout.split("\0")[:-1]
    assert {name.partition("/")[0] for name in names} == TOP
    assert [name for name in names if not re.fullmatch(r"[\w./~-]+", name)] == []


def test_no_test_asks_how_long_something_took() -> None:
    """A machine may be busy: what must not wait is shown by what it does meanwhile, or by its steps."""
    clocks = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "thread_time"}
    taken = {
        named(path)
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in walked(path)
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Sub)
        and any(
            isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] in clocks
            for call in ast.walk(node)
        )
    }
    assert taken == set()


@of_every_module
def test_nothing_is_left_for_later(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"\b(?:TODO|FIXME|XXX|HACK|NotImplementedError)\b", text) == []


def test_the_tests_stand_in_the_rooms_of_the_product() -> None:
    package, tests = ROOT / "yeta_reconcile", ROOT / "tests"
    rooms = {path.parent.name for path in package.glob("*/__init__.py")}
    stones = {path.stem for path in package.glob("*.py")}

    assert {path.parent.name for path in tests.rglob("test_*.py")} - {"tests"} <= rooms | STORIES
    assert {path.stem.removeprefix("test_") for path in tests.glob("test_*.py")} <= stones | TREE


def test_what_tests_share_stands_in_no_test_module() -> None:
    imported = re.compile(r"^from (tests\.(?:\w+\.)*test_\w+) import", flags=re.MULTILINE)
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")}

    assert {named(path): found for path, text in sources.items() if (found := imported.findall(text))} == {}


def named_by(path: Path, modules: Container[str]) -> Iterator[str]:
    """The modules of ours that one imports, those that only its types need included."""
    for node in walked(path):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("yeta_reconcile"):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in modules else node.module for name in names)


def test_no_module_comes_back_to_itself_not_by_a_type_either() -> None:
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in MODULES
    }
    left = {name: {*named_by(path, modules)} - {name} for name, path in modules.items()}
    while free := {name for name, found in left.items() if not found & left.keys()}:
        left = {name: found for name, found in left.items() if name not in free}

    assert left == {}


def test_exemptions_are_counted_and_may_only_fall() -> None:
    everything = "\n".join(
        path.read_text(encoding="utf-8")
        for path in [*MODULES, *(ROOT / "tests").rglob("*.py")]
        if path != THIS
    )
    for kind, allowed in EXEMPTIONS.items():
        assert len(re.findall(rf"# {re.escape(kind)}\b", everything)) <= allowed, kind


def test_an_exemption_names_its_rule() -> None:
    bare = re.compile(r"# (?:noqa(?!: [A-Z]+\d)|type: ignore(?!\[))")
    assert [
        f"{named(path)}: {found[0]}"
        for path in [*MODULES, *(ROOT / "tests").rglob("*.py")]
        if path != THIS
        for found in bare.finditer(path.read_text(encoding="utf-8"))
    ] == []


def test_every_telephone_number_in_the_tree_is_made_up() -> None:
    number = re.compile(r"(?<![0-9A-Za-z])(?:86)?(1[3-9]\d{9})(?![0-9A-Za-z])")
    found = [
        f"{named(path)}: {digits}"
        for path in texts()
        for digits in number.findall(path.read_text(encoding="utf-8", errors="replace"))
        if not digits.startswith("1990000")
    ]
    assert found == []


def with_parts(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    for name, part in parts(command):
        yield from with_parts(f"{path} {name}", part)


ROOT_CONTEXT = click.Context(yeta, info_name="yeta")


@pytest.mark.parametrize("name", yeta.list_commands(ROOT_CONTEXT))
def test_every_command_and_option_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    loaded = yeta.get_command(ROOT_CONTEXT, name)
    assert loaded is not None
    for path, command in with_parts(name, loaded):
        assert command.help, path
        assert [
            parameter.opts
            for parameter in command.params
            if isinstance(parameter, click.Option) and not parameter.help
        ] == [], path

        assert main([*path.split(), "--help"]) == 0

        out, err = capsys.readouterr()
        assert out.startswith(f"Usage: yeta {path}")
        assert err == ""


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_import_nothing_heavy(option: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "yeta_reconcile", option],
        env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
        capture_output=True,
        text=True,
        check=True,
    )

    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    heavy = HEAVY | ({"click", "logging"} if option == "--version" else set())
    assert not heavy & {name.partition(".")[0] for name in imported}


def test_what_looks_into_the_state_alone_imports_no_client() -> None:
    offline = (
        "history",
        "why",
        "calls.export",
        "calls.pushes",
        "state.listing",
        "state.check",
        "state.backup",
    )
    script = f"""
import importlib, sys
for name in {offline}:
    importlib.import_module(f"yeta_reconcile.cli.commands.{{name}}")
print("httpx" in sys.modules)
"""

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_the_package_itself_offers_nothing_but_its_version() -> None:
    script = "import yeta_reconcile; print([n for n in vars(yeta_reconcile) if n[0] != '_'])"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_imports_go_down_the_floors_only() -> None:
    script = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


def picture() -> dict[str, set[str]]:
    """The modules that `docs/architecture.md` draws, by folder ("": the stones)."""
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    drawn: dict[str, set[str]] = {}
    folder = top = ""
    for line in page.partition("```\ncli/")[2].partition("```")[0].join(("cli/", "")).splitlines():
        named = re.match(r"( *)(\w+)/? +(?=\S)", line)
        if named and len(named[1]) < 3:
            top = top if named[1] else named[2]
            folder = f"{top}/{named[2]}" if named[1] else "" if named[2] == "stones" else top
        modules = re.sub(r"^ *\w+/? {2,}|\(pure\)|one module .*?;|and pure:", "", line)
        drawn.setdefault(folder, set()).update(re.findall(r"\w+", modules))
    return drawn


def test_the_picture_of_the_rooms_has_every_module() -> None:
    package = ROOT / "yeta_reconcile"
    there: dict[str, set[str]] = {}
    for path in MODULES:
        if path.stem[0] != "_" and not {"emulator", "commands"} & {*path.relative_to(package).parts}:
            there.setdefault(path.relative_to(package).parent.as_posix().strip("."), set()).add(path.stem)
    drawn = picture()
    del drawn["emulator"]

    assert drawn == there


def test_no_name_of_a_class_means_two_things() -> None:
    where: dict[str, list[str]] = {}
    for path in MODULES:
        for node in walked(path):
            # The emulator is a stranger: its words are its own.
            if isinstance(node, ast.ClassDef) and "emulator" not in path.parts:
                where.setdefault(node.name, []).append(named(path))
    assert {name: places for name, places in where.items() if len(places) > 1} == {}


def surfaces() -> Iterator[tuple[str, set[str], set[str]]]:
    """Each folder, the modules of it that its `__init__` names, and those that others import."""
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in MODULES}
    folders = {
        name.removesuffix(".__init__") for name in modules if name.count(".") > 1 and "__init__" in name
    }
    used: dict[str, set[str]] = {folder: set() for folder in folders}
    for name, path in modules.items():
        for node in walked(path):
            if isinstance(node, ast.ImportFrom) and node.module:
                for imported in {f"{node.module}.{part.name}" for part in node.names} | {node.module}:
                    folder, _, module = imported.rpartition(".")
                    if imported in modules and folder in folders and not name.startswith(f"{folder}."):
                        used[folder].add(module)
    for folder in folders:
        said = (ast.get_docstring(ast.parse(modules[f"{folder}.__init__"].read_text())) or "").partition(
            "Others use "
        )
        yield folder, {*re.findall(r"`(\w+)`", said[2])}, used[folder]


def test_the_surface_of_each_folder_is_what_its_init_names() -> None:
    assert {folder: (named, used) for folder, named, used in surfaces() if named != used} == {}
