"""Saved plans: what a reviewer approved, bound to the facts it was made from, signed, and spent once.

Reads and writes the file and decides whether it may still be applied; what is then done is never taken
from the file but planned again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

from yeta_reconcile.errors import InvalidInput, PlanRejected, YetaError
from yeta_reconcile.files import PRIVATE, write_whole
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.marks import Key
from yeta_reconcile.moments import moment
from yeta_reconcile.plan.plan import Plan
from yeta_reconcile.plan.plan_json import plan_json, restore_plan
from yeta_reconcile.plan.staleness import Since, moved_changes, moved_documents, moved_rest
from yeta_reconcile.wording import PARTS, Text, listed, phrase

FORMAT = "yeta-saved-plan/1"
# Beyond this a file is no plan of ours.
LARGEST = 256 * 1024 * 1024
NAMED = 5


@dataclass(frozen=True, slots=True)
class Home:
    """Where a plan is made or applied. `state_id` is empty for a state that does not exist yet.

    `owner` is `project/environment`; `base_url` is the platform's.
    """

    owner: str
    state_id: str
    base_url: str

    @property
    def platform(self) -> str:
        """A digest that tells one platform from another."""
        return blake2b(self.base_url.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan and how it was asked for. `platform` is `Home.platform`; `signature` is the state key's.

    `salt` is the planner's, for a plan that was made before there was a key.
    """

    plan: Plan
    only: tuple[str, ...] = ()
    destroy: bool = False
    platform: str = ""
    salt: str = ""
    signature: str = ""

    @property
    def digest(self) -> str:
        """32 hex of all it says: under this the state keeps how far it was applied."""
        text = json.dumps(self._said(), ensure_ascii=False, sort_keys=True)
        return blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()

    def _said(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "plan": plan_json(self.plan),
            "only": list(self.only),
            "destroy": self.destroy,
            "platform": self.platform,
            "salt": self.salt,
        }

    def text(self, key: Key) -> str:
        """Itself, signed."""
        document = {**self._said(), "signature": key.sign(self.digest)}
        return json.dumps(document, ensure_ascii=False, indent=1) + "\n"

    def write(self, path: Path, key: Key) -> None:
        """Write it signed, whole or not at all, readable by this user alone. Raises YetaError."""
        try:
            write_whole(path, self.text(key), PRIVATE)
        except OSError as error:
            raise YetaError(
                phrase("the plan cannot be written to {path}: {strerror}", path=path, strerror=error.strerror)
            ) from error

    @classmethod
    def read(cls, path: Path) -> SavedPlan:
        """Raises InvalidInput for a file that cannot be read, PlanRejected for one that is no plan."""
        try:
            if path.stat().st_size > LARGEST:
                raise PlanRejected(phrase("{path} is no saved plan: it is too large", path=path))
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise InvalidInput(
                phrase("the plan {path} cannot be read: {strerror}", path=path, strerror=error.strerror)
            ) from error
        except UnicodeDecodeError:
            raise _no_plan(path) from None
        try:
            document: Any = json.loads(text)
        except (ValueError, RecursionError):
            raise _no_plan(path) from None
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise _no_plan(path)
        only = document.get("only")
        return cls(
            restore_plan(document.get("plan")),
            tuple(map(str, only)) if isinstance(only, list) else (),
            document.get("destroy") is True,
            str(document.get("platform")),
            str(document.get("salt")),
            str(document.get("signature")),
        )

    def check_home(self, home: Home, key: Key, *, progress: str, first: bool) -> None:
        """Raise PlanRejected unless it was made here, is as it was made, and is not spent.

        `progress` is `new`, `begun` or `spent`, as the state knows it. `first`: nothing was ever applied
        to the state. What was saved before there was a key is good then, whoever of several made it up.
        """
        if self.plan.owner != home.owner:
            raise PlanRejected(
                phrase(
                    "the plan was made for {owner}; this is {owner_2}",
                    owner=_owner(self.plan.owner),
                    owner_2=_owner(home.owner),
                ),
                hint=phrase("plan and apply need the same project and --env"),
            )
        if self.platform != home.platform:
            raise PlanRejected(
                phrase("the plan was made against another platform than {base_url}", base_url=home.base_url),
                hint=phrase("plan and apply need the same platform.base_url"),
            )
        if self.plan.state_id and self.plan.state_id != home.state_id:
            raise PlanRejected(
                phrase("the plan was made from another state than this one"),
                hint=phrase("plan and apply need the same `state:`, or a shared one"),
            )
        if progress == "spent":
            raise PlanRejected(
                phrase("the plan is spent: it was applied already"), hint=phrase("make a new one")
            )
        unsigned = first and self.salt and not self.plan.state_id
        if progress == "new" and not unsigned and self.signature != key.sign(self.digest):
            made = (
                phrase("before there was a state") if not self.plan.state_id else phrase("with another key")
            )
            raise PlanRejected(
                phrase("the plan is stale or not ours: it was made {made}, or was edited since", made=made),
                hint=phrase("make a new one; on different machines plan and apply both need YETA_STATE_KEY"),
            )

    def check_age(self, now: datetime) -> None:
        """Raise PlanRejected if it has expired."""
        if now >= self.plan.expires:
            raise PlanRejected(
                phrase("the plan expired at {expires}", expires=moment(self.plan.expires)),
                hint=phrase("make a new one"),
            )

    def check_documents(self, now: Plan, files: Callable[[str], tuple[str, str]]) -> None:
        """Raise PlanRejected, saying what moved, unless documents and lists are those it was made from.

        `files`: of a campaign, that of its document and its list.
        """
        _refuse_stale(moved_documents(self.plan, now, files))

    def check_fresh(self, now: Plan, *, progress: str, since: Since) -> None:
        """Raise PlanRejected, saying what moved, unless what is left of it is what would be planned now.

        `since`: what was done since it was made.
        """
        begun = progress == "begun"
        _refuse_stale(moved_rest(self.plan, now, since) if begun else moved_changes(self.plan, now))


def _refuse_stale(moved: list[Text]) -> None:
    if moved:
        raise PlanRejected(
            phrase("the plan is stale: {moved}", moved=listed(moved, NAMED, by=PARTS)),
            hint=phrase("make a new one and have it reviewed"),
        )


def _owner(owner: str) -> Text:
    project, _, environment = owner.partition("/")
    if not environment:
        return phrase("project {project}", project=project)
    return phrase("project {project}, environment {environment}", project=project, environment=environment)


def _no_plan(path: Path) -> PlanRejected:
    return PlanRejected(
        phrase("{path} is no saved plan", path=path), hint=phrase("`yeta plan -o FILE` writes one")
    )
