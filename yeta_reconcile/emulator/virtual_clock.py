"""The platform's own time. It moves only when it is told to; it never reads the machine's."""

from __future__ import annotations

from datetime import datetime

from yeta_reconcile.emulator.hours import SHANGHAI

DEFAULT_START = datetime(2026, 12, 1, 8, 0, tzinfo=SHANGHAI)


class VirtualClock:
    """Epoch milliseconds that go forward only.

    `speed` is how many virtual seconds a real one is worth while the emulator is served; a test
    moves time itself, with `Emulator.advance`.
    """

    def __init__(self, start: datetime | int = DEFAULT_START, *, speed: float = 1.0) -> None:
        if isinstance(start, datetime):
            if start.tzinfo is None:
                start = start.replace(tzinfo=SHANGHAI)
            start = int(start.timestamp() * 1000)
        self.now_ms = start
        self.speed = speed

    @property
    def now(self) -> datetime:
        """The time of day the platform's people see."""
        return datetime.fromtimestamp(self.now_ms / 1000, SHANGHAI)

    def move_to(self, ms: int) -> None:
        """Set the time; an earlier one changes nothing."""
        self.now_ms = max(self.now_ms, ms)
