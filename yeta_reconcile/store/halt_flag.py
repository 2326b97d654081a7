"""The halt: a flag of one state, beside it, so that it can be set while the state is locked or lost.

A row in the state says the same to other machines. Both are looked at before every start and call-out; here
the flag is set and lifted, and no more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from yeta_reconcile.errors import StateError
from yeta_reconcile.files import write_whole
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.marks import owner_digest
from yeta_reconcile.moments import moment
from yeta_reconcile.platform.coercion import count
from yeta_reconcile.platform.resources import Left
from yeta_reconcile.wording import Text, phrase

FILE = "yeta.halt"
# Rows of the state: the halt itself; which one is in the history; a former flag that was lifted for it.
ROW, NOTED, PASSED = "halt", "halt-noted", "halt-passed"
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Halt:
    """Who halted, when (ISO 8601), which tasks were paused by it, and how it left them.

    `former`: it is in a file in which an earlier version kept one flag for all states of a folder. `latest`:
    who halted last while it was on, and when; whoever was asked about it before was not asked about that.
    `said` is all that a row of an earlier version says.
    """

    who: str
    at: str
    paused: tuple[str, ...] = ()
    left: Mapping[str, Left] = field(default_factory=dict)
    former: bool = False
    zone: tzinfo = field(default=UTC, compare=False)
    latest: str = ""
    said: str = ""

    @classmethod
    def read(cls, text: bytes | str, zone: tzinfo, *, former: bool = False) -> Halt:
        """What a file or a row says. Raises what _UNREADABLE names."""
        values: dict[str, Any] = json.loads(text)
        left = {str(task_id): Left(*map(count, counts)) for task_id, counts in values.get("left", {}).items()}
        paused = tuple(map(str, values["paused"]))
        who, at, latest = str(values["who"]), str(values["at"]), str(values.get("latest", ""))
        return cls(who, at, paused, left, former, zone, latest)

    @property
    def fields(self) -> dict[str, Any]:
        """What is written of it, as `read` takes it."""
        return {
            "who": self.who,
            "at": self.at,
            "paused": [*self.paused],
            "left": dict(self.left),
            "latest": self.latest,
        }

    def beside(self, row: Halt) -> Halt:
        """This one, of a file, and what the row says, which all machines share: what either knows."""
        who, at = (self.who, self.at) if row.said else (row.who, row.at)
        paused = tuple(dict.fromkeys((*row.paused, *self.paused)))
        # Either may be of a former halt. Clocks of two machines differ, but a task's counts never fall.
        left = dict(row.left)
        for task_id, counts in self.left.items():
            left[task_id] = max(counts, left.get(task_id, counts), key=_counted)
        return Halt(who, at, paused, left, self.former, self.zone, self.latest)

    def tasks(self) -> dict[str, Left]:
        """What it paused."""
        return {task_id: self.left.get(task_id, Left()) for task_id in self.paused}

    def __str__(self) -> str:
        return self.words

    @property
    def words(self) -> Text:
        """By whom and since when."""
        if self.said:
            return Text(self.said)
        try:
            at = moment(datetime.fromisoformat(self.at).astimezone(self.zone))
        except (ValueError, OverflowError):
            at = self.at
        return phrase("halted by {who} at {at}", who=self.who, at=at)


def _counted(left: Left) -> tuple[int, int]:
    return (left.calls or 0, left.dialled or 0)


@dataclass(slots=True)
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
    known: Halt | None = None
    """As it was set here last, also where it could not be written."""

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
            if former and "of" in json.loads(text):
                # It is the flag of the state that has this name today.
                return None
            return Halt.read(text, self.zone, former=former)
        except _UNREADABLE:
            return Halt("somebody", phrase("an unknown time"), former=former)

    def why(self) -> Text | None:
        """The halt's own words, or None; what a run asks before it rings."""
        halt = self.read()
        return halt.words if halt else None

    def row(self, text: str | None) -> Halt | None:
        """What the row of the state says."""
        if not text:
            return None
        try:
            return Halt.read(text, self.zone)
        except _UNREADABLE:
            return Halt("somebody", phrase("an unknown time"), zone=self.zone, said=text)

    def set(
        self, who: str, now: datetime, paused: tuple[str, ...] = (), left: Mapping[str, Left] | None = None
    ) -> None:
        """Set it, or add to the tasks it paused and how it left them; on disk when this returns.

        Where that cannot be written, `known` says it all the same.
        """
        own, known = self._read(self.name), self.known
        at, latest = now.astimezone(self.zone), f"{now.astimezone(UTC).isoformat()} {who}"
        so_far = own.beside(known) if own and known else own or known
        so_far = so_far or Halt(who, at.isoformat(timespec="seconds"), latest=latest)
        begins = not paused and left is None
        halt = self.known = replace(
            so_far,
            paused=tuple(dict.fromkeys((*so_far.paused, *paused))),
            # One that has to be paused again is left as it is then.
            left={task: counts for task, counts in so_far.left.items() if task not in paused}
            | dict(left or {}),
            zone=self.zone,
            latest=latest if begins else so_far.latest,
        )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, json.dumps({"of": self.name} | halt.fields))
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
        """Take it off, and with `former` the one of an earlier version. Raises StateError."""
        self._remove(self.name)
        if former:
            self._remove(self.former)

    def _remove(self, name: str) -> None:
        path = self.folder / name
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            # Where a folder is read-only, a file that is not there cannot be removed either.
            if self._read(name) is None:
                return
            raise StateError(
                phrase("the halt in {path} cannot be lifted: {strerror}", path=path, strerror=error.strerror),
                hint=phrase("remove the file where its folder is writable"),
            ) from error
