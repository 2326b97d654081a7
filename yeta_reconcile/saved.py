"""Saved plans: what a reviewer approved, bound to the facts it was made from, and spent once.

Pure but for reading and writing the file. It decides whether a saved plan may still be applied.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from yeta_reconcile.errors import InvalidInput, PlanRejected
from yeta_reconcile.plan import Action, Change, Plan
from yeta_reconcile.render.plan_json import plan_json, restore_plan

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

FORMAT = "yeta-saved-plan/1"
# Beyond this a file is no plan of ours.
LARGEST = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan and how it was asked for."""

    plan: Plan
    only: tuple[str, ...] = ()
    destroy: bool = False

    def write(self, path: Path) -> None:
        """Write it whole or not at all, readable by this user alone."""
        document = {
            "format": FORMAT,
            "plan": plan_json(self.plan),
            "only": list(self.only),
            "destroy": self.destroy,
        }
        temporary = path.with_name(path.name + ".new")
        try:
            descriptor = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                json.dump(document, stream, ensure_ascii=False, indent=1)
                stream.write("\n")
            temporary.replace(path)
        except OSError as error:
            raise InvalidInput(f"the plan cannot be written to {path}: {error.strerror}") from error

    @classmethod
    def read(cls, path: Path) -> SavedPlan:
        """Raises InvalidInput for a file that cannot be read, PlanRejected for one that is no plan."""
        try:
            if path.stat().st_size > LARGEST:
                raise PlanRejected(f"{path} is no saved plan: it is too large")
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise InvalidInput(f"the plan {path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError:
            raise _no_plan(path) from None
        try:
            document: Any = json.loads(text)
        except ValueError:
            raise _no_plan(path) from None
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise _no_plan(path)
        only = tuple(str(name) for name in document.get("only") or ())
        return cls(restore_plan(document.get("plan") or {}), only, bool(document.get("destroy")))

    def check_age(self, now: datetime) -> None:
        """Raise PlanRejected if it has expired."""
        if now >= self.plan.expires:
            raise PlanRejected(
                f"the plan expired at {self.plan.expires:%Y-%m-%d %H:%M %z}", hint="make a new one"
            )

    def check_home(self, owner: str, state_id: str, *, progress: str) -> None:
        """Raise PlanRejected if it was made for another project, environment or state, or is spent.

        `progress` is `new`, `begun` or `spent`, as the state knows it.
        """
        if self.plan.owner != owner:
            raise PlanRejected(
                f"the plan was made for {self.plan.owner.rstrip('/')}, this is {owner.rstrip('/')}",
                hint="plan and apply need the same project and --env",
            )
        if progress == "spent":
            raise PlanRejected("the plan is spent: it was applied already", hint="make a new one")
        if progress == "new" and self.plan.state_id and self.plan.state_id != state_id:
            raise PlanRejected(
                "the plan was made from another state than this one",
                hint="plan and apply need the same `state:`, or a shared one",
            )

    def check_fresh(self, now: Plan, *, progress: str) -> None:
        """Raise PlanRejected, saying what moved, unless what is left of it is what would be planned now."""
        moved = list(self._moved(now, declared_only=progress == "begun"))
        if not moved:
            approved = {_essence(change, progress) for change in self.plan.changes}
            moved = [
                f"{change.campaign}: {change.action} wave {change.wave} was not in it"
                for change in now.changes
                if change.action is not Action.WAIT and _essence(change, progress) not in approved
            ]
        if not moved and progress == "new":
            planned = {_essence(change, progress) for change in now.changes}
            moved = [
                f"{change.campaign}: {change.action} wave {change.wave} is not needed any more"
                for change in self.plan.changes
                if change.action is not Action.WAIT and _essence(change, progress) not in planned
            ]
        if moved:
            shown = "; ".join(moved[:5]) + (f"; and {len(moved) - 5} more" if len(moved) > 5 else "")
            raise PlanRejected(f"the plan is stale: {shown}", hint="make a new one and have it reviewed")

    def _moved(self, now: Plan, *, declared_only: bool) -> list[str]:
        moved = []
        for name in sorted({*self.plan.facts, *now.facts}):
            then, today = self.plan.facts.get(name), now.facts.get(name)
            if then is None or today is None:
                moved.append(f"{name} was {'added' if then is None else 'removed'}")
                continue
            declared, _, live = then.partition("/")
            declared_now, _, live_now = today.partition("/")
            if declared != declared_now:
                moved.append(f"the document or list of {name} changed")
            elif live != live_now and not declared_only:
                moved.append(f"the waves of {name} changed")
        return moved


def _essence(change: Change, progress: str) -> Any:
    """What makes two changes the same to a reviewer; counts that progress moves are left out."""
    if progress == "begun":
        return change.campaign, change.action, change.rings or change.action is Action.START
    plain = replace(change, detail="", rows=0 if change.wave_id is not None else change.rows)
    attributes = json.dumps(plain.attributes, ensure_ascii=False, sort_keys=True)
    return plain.campaign, plain.wave, plain.action, plain.rings, plain.rows, plain.new_rows, attributes


def _no_plan(path: Path) -> PlanRejected:
    return PlanRejected(f"{path} is no saved plan", hint="`yeta plan -o FILE` writes one")
