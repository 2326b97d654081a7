"""Jobs of the ready-made pipelines, run here: their shell under bash, with stand-ins for the services."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support import warm

TOP = Path(__file__).parents[2]

# `gh api`, as far as the action uses it, over a folder with one file a comment.
GH = """\
import json, os, pathlib, shutil, subprocess, sys
store, words = pathlib.Path(os.environ["FAKE_COMMENTS"]), sys.argv[1:]
with (store / "log").open("a") as log:
    print(*words, file=log)
if words[:2] == ["api", "user"]:
    login = os.environ.get("FAKE_LOGIN")
    print(login or '{"message": "Resource not accessible by integration"}')
    sys.exit(not login)
url = next(word for word in words if word.startswith("repos/"))
if "--method" not in words:
    comments = [{"id": int(p.stem), **json.loads(p.read_text())} for p in sorted(store.glob("*.json"))]
    assert "env.MARKER" in words[words.index("--jq") + 1] and "--paginate" in words
    if shutil.which("jq"):
        wanted = words[words.index("--jq") + 1]
        subprocess.run(["jq", wanted], input=json.dumps(comments).encode(), check=True)
    else:
        me = os.environ["ME"]
        for comment in comments:
            by = comment["user"]
            ours = by["login"] == me if me else by["type"] == "Bot"
            if ours and comment["body"].startswith(os.environ["MARKER"]):
                print(comment["id"])
else:
    verb = words[words.index("--method") + 1]
    body = pathlib.Path(words[words.index("--field") + 1].removeprefix("body=@")).read_text()
    new = url.rsplit("/", 1)[1] if verb == "PATCH" else str(len(list(store.glob("*.json"))) + 1)
    me = os.environ.get("FAKE_LOGIN")
    user = {"type": "User", "login": me} if me else {"type": "Bot", "login": "github-actions[bot]"}
    (store / f"{new}.json").write_text(json.dumps({"user": user, "body": body}))
"""

# `curl`, as far as the GitLab jobs use it, over the same folder.
CURL = """\
import json, os, pathlib, shutil, sys
store, words = pathlib.Path(os.environ["FAKE_COMMENTS"]), sys.argv[1:]
url = next(word for word in words if word.startswith("http"))
with (store / "log").open("a") as log:
    print(url, file=log)
assert f"PRIVATE-TOKEN: {os.environ['YETA_GITLAB_TOKEN']}" in words and "--fail" in words
if url.endswith("/merge_requests"):
    print(os.environ.get("FAKE_REQUESTS", "[]"))
elif "/pipelines?" in url:
    print(os.environ.get("FAKE_PIPELINES", '[{"ref": "refs/merge-requests/7/head"}]'))
elif url.endswith("/user"):
    print(json.dumps({"id": 1}))
elif "/jobs/artifacts/" in url:
    assert words[words.index("--write-out") + 1] == "%{http_code}"
    given = os.environ["FAKE_ARTIFACT"]
    if given.isdigit():
        print(given, end="")
        sys.exit(f"curl: (22) The requested URL returned error: {given}")
    shutil.copy(given, words[words.index("--output") + 1])
    print(200, end="")
elif "--request" not in words:
    notes = [{"id": int(p.stem), **json.loads(p.read_text())} for p in sorted(store.glob("*.json"))]
    print(json.dumps(notes))
else:
    verb = words[words.index("--request") + 1]
    body = pathlib.Path(words[words.index("--form") + 1].removeprefix("body=<")).read_text()
    new = url.rsplit("/", 1)[1] if verb == "PUT" else str(len(list(store.glob("*.json"))) + 1)
    (store / f"{new}.json").write_text(json.dumps({"author": {"id": 1}, "body": body}))
"""


@dataclass
class Pipeline:
    """A runner with a folder of its own. `environ` is what the service and the template set."""

    folder: Path
    environ: dict[str, str]
    outputs: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("bin", "comments", "tmp"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.tool("yeta", f'exec {warm.command()} "$@"')
        for name, script in (("gh", GH), ("curl", CURL)):
            (self.folder / f"{name}.py").write_text(script, "utf-8")
            self.tool(name, f'exec {sys.executable} -I -S {self.folder / name}.py "$@"')

    def tool(self, name: str, script: str) -> None:
        """Put a command on the runner's path."""
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        path.chmod(0o755)

    def bash(self, script: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a step as the services do."""
        given = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "FAKE_COMMENTS": str(self.folder / "comments"),
        }
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=cwd,
            env=self.environ | given | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    def comments(self) -> list[str]:
        """What stands on the request, as JSON texts."""
        return [path.read_text("utf-8") for path in sorted((self.folder / "comments").glob("*.json"))]

    def step(self, name: str, cwd: Path, **values: str) -> subprocess.CompletedProcess[str]:
        """Run a step of the action; `values` are what its expressions give, by variable."""
        if name in {"Plan", "Run"}:
            self.step("Words", cwd)
        step = next(step for step in read("action.yml")["runs"]["steps"] if step["name"] == name)
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "an expression in a script is an injection"
        summary, output = self.folder / "tmp" / "summary", self.folder / "tmp" / "output"
        files = {
            "RUNNER_TEMP": str(self.folder / "tmp"),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_PATH": str(self.folder / "tmp" / "path"),
        }
        done = self.bash(step["run"], cwd, **(dict.fromkeys(step.get("env", {}), "") | files | values))
        if output.exists():
            self.outputs |= dict(re.findall(r"^([^=]+)=(.*)$", output.read_text("utf-8"), re.MULTILINE))
        return done


def holds(condition: str, context: dict[str, Any]) -> bool:
    """What GitHub makes of a job's `if`, as ours are written: `github.…` and words compared, `&&`, `||`."""

    def value(match: re.Match[str]) -> str:
        found: Any = context
        for key in match[0].split(".")[1:]:
            found = found.get(key) if isinstance(found, dict) else None
        return repr(found)

    return bool(
        eval(re.sub(r"github(\.[a-z_]+)+", value, condition).replace("&&", "and").replace("||", "or"), {})
    )


def read(name: str) -> Any:
    """A YAML file of the project; `on:` stays a word."""
    return yaml.load((TOP / name).read_text("utf-8"), yaml.BaseLoader)
