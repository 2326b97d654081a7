"""The halt: a flag of one state, beside it, so that it can be set while the state is locked or lost.

It is looked at before every start and call-out. Setting and lifting it is all that happens here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from yeta_reconcile.errors import StateError
from yeta_reconcile.files import write_whole
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.marks import owner_digest
from yeta_reconcile.moments import moment
from yeta_reconcile.platform.resources import Left
from yeta_reconcile.wording import Text, phrase

FILE = "yeta.halt"
# Rows of the state: the halt itself; which one is in the history; a former flag that was lifted for it.
ROW, NOTED, PASSED = "halt", "halt-noted", "halt-passed"


@dataclass(frozen=True, slots=True)
class Halt:
    """Who halted, when (ISO 8601), which tasks were paused by it, and how it left them.

    `former`: it is in a file in which an earlier version kept one flag for all states of a folder. `latest`:
    who halted last while it was on, and when; whoever was asked about it before was not asked about that.
    """

    who: str
    at: str
    paused: tuple[str, ...] = ()
    left: Mapping[str, Left] = field(default_factory=dict)
    former: bool = False
    zone: tzinfo = field(default=UTC, compare=False)
    latest: str = ""

    def tasks(self) -> dict[str, Left]:
        """What it paused."""
        return {task_id: self.left.get(task_id, Left()) for task_id in self.paused}

    def __str__(self) -> str:
        return self.words

    @property
    def words(self) -> Text:
        """By whom and since when."""
        try:
            at = moment(datetime.fromisoformat(self.at).astimezone(self.zone))
        except ValueError:
            at = self.at
        return phrase("halted by {who} at {at}", who=self.who, at=at)


@dataclass(frozen=True, slots=True)
class HaltFlag:
    """The flag of one state. `folder` is where the state's file is, or `state/` with PostgreSQL.

    Several states may share a folder; each has a flag of its own. `former` is where an earlier version would
    have set it: a flag there that does not say whose it is counts too.
    """

    folder: Path
    name: str = FILE
    former: str = FILE
    zone: tzinfo = UTC
    """By whose clocks it is said when somebody halted; the project's."""

    @classmethod
    def beside(
        cls, state: str, root: Path, *, project: str = "", environment: str = "", zone: tzinfo = UTC
    ) -> HaltFlag:
        """The flag of the state that the settings of a project and environment name."""
        if "://" in state:
            # A state belongs to one project and environment, wherever it is and however that is spelt.
            return cls(root / "state", f"yeta-{owner_digest(project, environment)}.halt", zone=zone)
        path = root / state
        former = f"{path.stem}.halt"
        return cls(path.parent, former if path.suffix == ".db" else f"{path.name}.halt", former, zone)

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / self.name

    def read(self) -> Halt | None:
        """The halt that is set, if one is; a file that cannot be read counts as one."""
        own = self._read(self.name)
        if own is not None or self.former == self.name:
            return own
        return self._read(self.former, former=True)

    def _read(self, name: str, *, former: bool = False) -> Halt | None:
        try:
            text = (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            return Halt(
                "somebody", phrase("an unknown time ({strerror})", strerror=error.strerror), former=former
            )
        try:
            values: dict[str, Any] = json.loads(text)
            if former and "of" in values:
                # It is the flag of the state that has this name today.
                return None
            left = {str(task_id): Left(*counts) for task_id, counts in values.get("left", {}).items()}
            paused = tuple(map(str, values["paused"]))
            who, at, latest = str(values["who"]), str(values["at"]), str(values.get("latest", ""))
            return Halt(who, at, paused, left, former, self.zone, latest)
        except (ValueError, KeyError, TypeError, AttributeError):
            return Halt("somebody", phrase("an unknown time"), former=former)

    def why(self) -> Text | None:
        """The halt's own words, or None; what a run asks before it rings."""
        halt = self.read()
        return halt.words if halt else None

    def set(
        self, who: str, now: datetime, paused: tuple[str, ...] = (), left: Mapping[str, Left] | None = None
    ) -> None:
        """Set it, or add to the tasks it paused and how it left them; on disk when this returns."""
        former = self._read(self.name)
        known = former.left if former else {}
        begins = not paused and left is None
        halt = {
            "of": self.name,
            "who": former.who if former else who,
            "at": former.at if former else now.astimezone(self.zone).isoformat(timespec="seconds"),
            "paused": [*dict.fromkeys([*(former.paused if former else ()), *paused])],
            # One that has to be paused again is left as it is then.
            "left": {at: counts for at, counts in known.items() if at not in paused} | dict(left or {}),
            "latest": f"{who} {now.isoformat()}" if begins or not former else former.latest,
        }
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, json.dumps(halt))
        except OSError as error:
            raise StateError(
                phrase(
                    "the halt cannot be written to {path}: {strerror}",
                    path=self.path,
                    strerror=error.strerror,
                ),
                hint=phrase("the folder must be writable"),
            ) from error

    def lift(self, *, former: bool = False) -> None:
        """Take it off, and with `former` the one of an earlier version."""
        self.path.unlink(missing_ok=True)
        if former:
            (self.folder / self.former).unlink(missing_ok=True)
