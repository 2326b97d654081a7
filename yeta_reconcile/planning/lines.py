"""Who has which line at this moment, as far as a look tells. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from yeta_reconcile.planning.diff import Wave
    from yeta_reconcile.platform.resources import Config


def taken_lines(config: Config, lit: Mapping[str, tuple[Wave, ...]]) -> dict[str, tuple[str, str]]:
    """Line: (campaign, words) of who holds it, as far as is known; no campaign where it is none of ours."""
    taken = {line.number: ("", "another task of the account") for line in config.lines.values() if line.taken}
    for name, waves in lit.items():
        for wave in waves:
            if wave.record.live:
                for line in wave.record.attributes.lines:
                    taken[line] = (name, f"{name} wave {wave.record.number}")
    return taken
