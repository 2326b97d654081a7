"""Who was rung, by the platform's own log: the judge of every life, and nothing of the product is in it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from yeta_reconcile.emulator import Emulator
from yeta_reconcile.plan.plan import Plan

DIRECT = "(direct)"


@dataclass
class Dials:
    """The first ring of each row of each task, against the plans that were applied.

    `ours` maps the names a campaign had to the one it began with. `outside_yeta` are tasks that somebody
    started at the platform, whose rings no plan shows.
    """

    emulator: Emulator
    ours: dict[str, str] = field(default_factory=dict)
    outside_yeta: set[str] = field(default_factory=set)
    applied: list[Plan] = field(default_factory=list)

    def campaign(self, task_name: str) -> str:
        """The campaign of a task, by the name that its mark begins with."""
        name, marked, _ = task_name.partition("~w")
        return self.ours.get(name, name) if marked else DIRECT

    def twice_in_a_campaign(self) -> list[tuple[str, str]]:
        """(campaign, number) that it rang more than once."""
        rung = Counter((self.campaign(ring.task_name), ring.number) for ring in self.emulator.dialled)
        return [who for who, times in rung.items() if times > 1]

    def again_unsaid(self) -> int:
        """How many people more were rung again, by whatever campaign, than the applied plans counted."""
        rung = Counter(ring.number for ring in self.emulator.dialled)
        again = sum(times - 1 for times in rung.values())
        return max(again - sum(plan.summary.repeat_numbers for plan in self.applied), 0)

    def unshown(self) -> dict[str, int]:
        """By campaign, how many rang beyond those that the applied plans said would ring, or wait for a line.

        Whoever approves a wait approves that it ends: the platform decides when.
        """
        shown: Counter[str] = Counter()
        for plan in self.applied:
            for change in plan.changes:
                shown[self.ours.get(change.campaign, change.campaign)] += (
                    change.rows if change.may_ring else 0
                )
        rang = Counter(
            self.campaign(ring.task_name)
            for ring in self.emulator.dialled
            if not ring.direct and ring.task_id not in self.outside_yeta
        )
        return {name: times - shown[name] for name, times in rang.items() if times > shown[name]}
