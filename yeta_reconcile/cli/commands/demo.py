"""`yeta demo`: the whole thing on this machine, by the commands a person would type."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo

import click

from yeta_reconcile.cli.context import Context, Language
from yeta_reconcile.cli.output import show
from yeta_reconcile.errors import YetaError
from yeta_reconcile.exits import Exit
from yeta_reconcile.numbers import mask_numbers
from yeta_reconcile.wording import Text, phrase, spoken

# Made up, and in the range that examples use.
LATECOMER = "19900009999"
PATIENCE = 40.0
PRICE = "price: {per_minute: 0.12, currency: CNY}"
REPOSITORY = "campaigns"


@click.command()
@click.argument("repository", type=click.Path(file_okay=False, path_type=Path), required=False)
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Work in this folder, and leave it there.",
)
@click.pass_obj
def demo(context: Context, repository: Path | None, keep: Path | None) -> Exit:
    """Show the whole thing on this machine; nobody is rung.

    Copies REPOSITORY (by default a new one, as `yeta init` writes it), starts an emulated platform and the
    receiver, plans, applies, lets calls happen, changes what runs, and shows the results; at its end
    a report in both languages, whose paths it prints.
    """
    with ExitStack() as stack:
        if keep:
            folder = _kept(context.here / keep)
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="yeta-demo-")))
        source = context.here / repository if repository else None
        _Demo(folder, source, stack, context.lang, kept=keep is not None).play()
    return Exit.DONE


def _kept(folder: Path) -> Path:
    """The folder to work in, made if need be. Raises YetaError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise YetaError(
            phrase("{folder} cannot be worked in: {strerror}", folder=folder, strerror=error.strerror)
        ) from error
    if (folder / REPOSITORY).exists():
        raise YetaError(
            phrase("{folder} holds a showing already", folder=folder), hint=phrase("name another folder")
        )
    return folder.resolve()


class _Demo:
    """One showing. `folder` is where the copy, its state and the platform's log live."""

    def __init__(
        self, folder: Path, source: Path | None, stack: ExitStack, language: Language, *, kept: bool
    ) -> None:
        self.root = folder / REPOSITORY
        self.source = source
        self.stack = stack
        self.folder = folder
        self.kept = kept
        secret = secrets.token_urlsafe(12)
        self.receiver = f"127.0.0.1:{_free_port()}"
        self.push_url = f"http://{self.receiver}/{secret}"
        outside = {name: value for name, value in os.environ.items() if not name.startswith("YETA_")}
        # A showing is no pipeline, wherever it is shown: nobody needs its state afterwards.
        outside.pop("CI", None)
        self.environ = outside | {
            "YETA_APP_KEY": "emulator-key",
            "YETA_APP_SECRET": "emulator-secret",
            "YETA_PUSH_SECRET": secret,
            "YETA_STATE": str(folder / "state" / "demo.db"),
            "YETA_LANG": language,
        }

    def play(self) -> None:
        """The whole show."""
        _say(phrase("A campaign repository: YAML documents, and contact lists beside them."))
        self._repository()
        self._yeta("validate")
        self._servers()
        _say(phrase("What would ring? `plan` sends no call that changes anything."))
        self._yeta("plan")
        _say(phrase("Make it so. Nothing rings before everything is staged and verified."))
        self._yeta("apply", "--yes")
        self._yeta("plan")
        name = self._running()
        _say(phrase("Two minutes pass. Calls happen, and their records come home."))
        self._pass_time(120)
        self._yeta("status", name)
        _say(
            phrase(
                "One more row in the list of {name}: a started wave takes none, so a further one is planned.",
                name=name,
            )
        )
        document, contacts = self._declared(name)
        _append_row(contacts)
        self._yeta("plan", "--only", name)
        _say(
            phrase(
                "Another recall policy too: what is not dialled yet is taken over, "
                "and nobody is called twice by mistake."
            )
        )
        _change_recall(document)
        self._yeta("plan", "--only", name)
        _say(
            phrase("The wave is paused, and calls in progress are let finish: apply says what it waits for.")
        )
        self._yeta("apply", "--yes", "--only", name)
        _say(phrase("Three minutes pass. The same command again goes on where it stopped."))
        self._pass_time(180)
        self._yeta("apply", "--yes", "--only", name)
        _say(phrase("The rest of the day passes."))
        self._pass_time(6 * 3600)
        self._yeta("status", name)
        _say(phrase("Every call of one person, recalls as declared among them, and every apply so far."))
        self._yeta("why", LATECOMER)
        self._yeta("history")
        self._report()
        _say(phrase("That was the whole thing. `yeta init` writes a repository to start from."))

    # Setting up

    def _repository(self) -> None:
        if self.source is None:
            self._yeta("init", str(self.root), where=self.folder)
            _lengthen(self.root)
        else:
            show(f"$ cp -r {self.source} {self.root.name}")
            shutil.copytree(self.source, self.root, ignore=shutil.ignore_patterns("__pycache__"))
        settings = (self.root / "yeta.yaml").read_text(encoding="utf-8")
        if "\n  local:" in settings:
            self.environ["YETA_ENV"] = "local"

    def _servers(self) -> None:
        _say(
            phrase(
                "A platform on this machine, whose clock we move, and the receiver of its pushes. Calls show "
                "the platform's clock, which begins tomorrow at 9:30; forecasts and the history show ours."
            )
        )
        # Its clock stands still between our steps: a record on its way then would be missing for ever.
        habits = self.folder / "emulator.json"
        habits.write_text('{"pushes": {"delay": 0}}', encoding="utf-8")
        tomorrow = datetime.now(ZoneInfo("Asia/Shanghai")).date() + timedelta(days=1)
        emulator = self._start(
            "emulator", "--listen", "127.0.0.1:0", "--speed", "0",
            "--start", f"{tomorrow}T09:30:00", "--settings", str(habits), "--push-url", self.push_url,
        )  # fmt: skip
        self.environ["YETA_BASE_URL"] = emulator
        self._start("serve", "--listen", self.receiver)

    def _start(self, *arguments: str) -> str:
        """Start a server; its first line is its address."""
        log = self.stack.enter_context((self.folder / f"{arguments[0]}.log").open("w", encoding="utf-8"))
        process = subprocess.Popen(  # noqa: S603 -- our own command
            self._command(*arguments),
            cwd=self.root,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
        )
        self.stack.callback(_end, process)
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        if not address:
            raise YetaError(
                phrase("`yeta {arguments}` did not start", arguments=arguments[0]),
                hint=phrase("{name} says why", name=log.name),
            )
        shown = " ".join(
            "…" if part.startswith((self.push_url, str(self.folder))) else part for part in arguments
        )
        show(f"$ yeta {shown} &\n{address}")
        return address

    # Running commands

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "yeta_reconcile", *arguments]

    def _yeta(self, *arguments: str, where: Path | None = None) -> None:
        """Run a command before the reader's eyes."""
        show(click.style(f"$ yeta {mask_numbers(' '.join(arguments))}", bold=True))
        sys.stdout.flush()
        done = subprocess.run(  # noqa: S603 -- our own command
            self._command(*arguments), cwd=where or self.root, env=self.environ, check=False
        )
        if done.returncode not in {Exit.DONE, Exit.INCOMPLETE}:
            raise YetaError(
                phrase(
                    "`yeta {arguments}` ended with {returncode}",
                    arguments=arguments[0],
                    returncode=done.returncode,
                )
            )
        show("")

    def _json(self, *arguments: str) -> Any:
        done = subprocess.run(  # noqa: S603 -- our own command
            self._command(*arguments, "--format", "json"),
            cwd=self.root,
            env=self.environ,
            check=True,
            capture_output=True,
            encoding="utf-8",
        )
        return json.loads(done.stdout)

    def _report(self) -> None:
        """The page, in both languages, where it outlives the showing."""
        if importlib.util.find_spec("pygal") is None:
            _say(
                phrase(
                    "`yeta report` makes a page of all this, with the extra: "
                    "pip install 'yeta-reconcile[report]'"
                )
            )
            return
        _say(phrase("How it went, as a page for whoever owns the campaign, in both languages."))
        folder = self.folder if self.kept else Path(tempfile.mkdtemp(prefix="yeta-report-"))
        for language in ("en", "zh"):
            self._yeta("--lang", language, "report", "-o", str(folder / f"report-{language}.html"))

    # What is shown of a running campaign

    def _running(self) -> str:
        """The largest campaign that is declared running."""
        running = [c for c in self._json("status")["campaigns"] if c["declared"] == "running"]
        sizes: dict[str, int] = {c["name"]: sum(wave["rows"] for wave in c["waves"]) for c in running}
        return max(sizes.items(), key=lambda item: item[1])[0]

    def _pass_time(self, seconds: int) -> None:
        """Move the platform's clock, and wait until what it pushed has come home."""
        url = self.environ["YETA_BASE_URL"].rsplit("/", 1)[0] + "/_emulator/advance"
        body = json.dumps({"seconds": seconds}).encode()
        headers = {"Content-Type": "application/json"}
        with urlopen(Request(url, body, headers), timeout=PATIENCE):  # noqa: S310 -- our own emulator
            pass
        deadline = time.monotonic() + PATIENCE
        before = None
        # Records are home when the count has stood still for a moment.
        while time.monotonic() < deadline:
            now = [c["waves"] for c in self._json("status")["campaigns"]]
            if now == before:
                return
            before = now
            time.sleep(0.5)

    def _declared(self, name: str) -> tuple[Path, Path]:
        """A campaign's document and its list."""
        from yeta_reconcile.documents.survey import load  # noqa: PLC0415 -- help needs none of it

        repository = load(self.root, environment=self.environ.get("YETA_ENV"), environ=self.environ)
        located = repository.campaigns[name]
        return self.root / located.file, repository.list_spec(located).path


def _say(words: Text) -> None:
    show(click.style(f"\n# {spoken(words)}", fg="cyan"))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _lengthen(root: Path) -> None:
    """Make the list long enough for its calls to take some minutes, and give them a price."""
    (contacts,) = (root / "data").glob("*.csv")
    with contacts.open("a", encoding="utf-8") as file:
        file.writelines(f"1990000{number:04},客户{number},女\n" for number in range(100, 155))
    show(f"$ for n in {{100..154}}; do echo …; done >> {contacts.relative_to(root)}")
    with (root / "yeta.yaml").open("a", encoding="utf-8") as file:
        file.write(f"{PRICE}\n")
    show(f"$ echo '{PRICE}' >> yeta.yaml")


def _append_row(contacts: Path) -> None:
    """Add a copy of the last row with a number and a key of its own, in the list's own encoding."""
    raw = contacts.read_bytes()
    try:
        raw.decode("utf-8")
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = "gb18030"
    last = list(csv.reader(io.StringIO(raw.decode(encoding))))[-1]
    row = [LATECOMER if cell.isdecimal() and len(cell) == 11 else cell for cell in last]
    row[0] = row[0] if row[0] == LATECOMER else "LATE-0001"
    line = io.StringIO()
    csv.writer(line).writerow(row)
    with contacts.open("ab") as file:
        file.write((b"" if raw.endswith(b"\n") else b"\r\n") + line.getvalue().encode(encoding))
    show(f"$ echo '{row[0] if row[0] != LATECOMER else '199****9999'},…' >> {contacts.name}")


def _change_recall(document: Path) -> None:
    """Give the document's first campaign another recall policy."""
    text = document.read_text(encoding="utf-8")
    changed = text.replace("\nstate: running\n", "\nstate: running\nrecall: {count: 3, wait: 20m}\n", 1)
    changed = "\n".join(
        line
        for line in changed.split("\n")
        if not line.startswith("recall: ") or "count: 3, wait: 20m" in line
    )
    document.write_text(changed, encoding="utf-8")
    show(f"$ sed -i 's/recall: .*/recall: {{count: 3, wait: 20m}}/' {document.name}")
