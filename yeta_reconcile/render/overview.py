"""How every campaign stands, one row each, on a screen of 80 columns; details are `status NAME`'s."""

from __future__ import annotations

from datetime import datetime

from yeta_reconcile.amounts import count
from yeta_reconcile.render.report import CampaignStatus, Status
from yeta_reconcile.render.table import clean, table, width
from yeta_reconcile.wording import listed, phrase, spoken, worded

COLUMNS = 80
_BAR = 8
_SHORTEST = 10
_COUNTED = (phrase("DIALLED"), phrase("CONN"), phrase("AGAIN"))
_HEADERS = (phrase("CAMPAIGN"), phrase("PROGRESS"), *_COUNTED, phrase("WAITS FOR"), phrase("FINISH"))


def overview(status: Status) -> list[str]:
    """The rows, the headers first; a name that is too long for the screen is cut."""
    rows = [_row(campaign, status.at) for campaign in status.campaigns]
    lines = table(_HEADERS, rows, right=_COUNTED)
    over = max(map(width, lines)) - COLUMNS
    if over <= 0:
        return lines
    longest = max(_SHORTEST, max(len(str(row[0])) for row in rows) - over)
    return table(_HEADERS, [(_cut(str(row[0]), longest), *row[1:]) for row in rows], right=_COUNTED)


def _row(campaign: CampaignStatus, now: datetime) -> tuple[object, ...]:
    connected = [wave.connected for wave in campaign.waves if wave.connected is not None]
    share = sum(connected) * 100 // campaign.dialled if campaign.dialled and connected else None
    return (
        clean(campaign.name),
        _progress(campaign),
        campaign.dialled,
        None if share is None else f"{share} %",
        campaign.again or None,
        _cut(spoken(_waits_for(campaign)), 12),
        _finish(campaign, now),
    )


def _waits_for(campaign: CampaignStatus) -> str:
    """What keeps it from going on; an apply helps nobody for whose line others come first."""
    in_line = listed(campaign.waits_for, 0)
    return in_line if in_line and campaign.held_up_by in {"", "apply"} else campaign.held_up_by


def _progress(campaign: CampaignStatus) -> str:
    """`████░░░░  50 %`, rounded down so that a full bar means all."""
    if not campaign.numbers:
        return ""
    full = campaign.dialled * _BAR // campaign.numbers
    return f"{'█' * full}{'░' * (_BAR - full)} {campaign.dialled * 100 // campaign.numbers:>3} %"


def _finish(campaign: CampaignStatus, now: datetime) -> str:
    if campaign.finish is not None:
        late = "" if campaign.fits else "!"
        day = "" if campaign.finish.date() == now.date() else f"{campaign.finish:%m-%d} "
        return f"{day}{campaign.finish:%H:%M}{late}"
    over = campaign.waves and all(wave.phase.over for wave in campaign.waves)
    if over:
        return worded("over")
    return "" if campaign.fits else worded("too late")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def in_place(text: str, columns: int, lines: int) -> str:
    """A text to draw over the one before it: as much as fits the screen, and how many lines do not."""
    said = text.rstrip("\n").split("\n")
    room = max(lines - 1, 2)
    if len(said) > room:
        # The last line counts everything.
        left = len(said) - room + 1
        said = [
            *said[: room - 2],
            worded("… {lines}: `yeta status NAME` shows one", lines=count(left, "more line")),
            said[-1],
        ]
    drawn = "".join(f"{_fitting(line, columns)}\x1b[K\n" for line in said)
    return f"\x1b[H{drawn}\x1b[J"


def _fitting(line: str, columns: int) -> str:
    """A line on one row of the screen; one with colours is left to the terminal."""
    if width(line) <= columns or "\x1b" in line:
        return line
    while width(line) >= columns:
        line = line[:-1]
    return f"{line}…"
