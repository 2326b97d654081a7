"""Pushes that failed for good, kept by day and handed out as zip files of nested folders."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date, timedelta
from typing import Any

from yeta_reconcile.emulator.hours import day_of

KEPT_DAYS = 7


class FailedPushes:
    """One zip a day; today's is not handed out, nor one older than seven days."""

    def __init__(self, business_id: str) -> None:
        self._business_id = business_id
        self.by_day: dict[str, list[dict[str, Any]]] = {}

    def add(self, module: str, data: dict[str, Any], attempts: int, now_ms: int) -> None:
        """Write a push down as failed after so many attempts."""
        line = {"data": data, "module": module, "retryTimes": attempts, "timestamp": now_ms}
        self.by_day.setdefault(day_of(now_ms).isoformat(), []).append(line)

    def paths(self, now_ms: int, only: date | None = None) -> list[str]:
        """Give the relative paths of the zips of the last seven days that have something."""
        today = day_of(now_ms)
        days = [today - timedelta(days=back) for back in range(1, KEPT_DAYS + 1)]
        return [
            f"{self._business_id}/{day:%Y%m}/push_failed_{day.isoformat()}.zip"
            for day in days
            if day.isoformat() in self.by_day and only in (None, day)
        ]

    def zip_at(self, path: str, now_ms: int) -> bytes | None:
        """Give the zip that `paths` named; None where there is none."""
        if path not in self.paths(now_ms):
            return None
        day = path.removesuffix(".zip").rpartition("_")[2]
        files: dict[str, list[str]] = {}
        for number, line in enumerate(self.by_day[day]):
            name = f"{self._business_id}/{day}/{line['module']}/{number // 1000:04d}.txt"
            files.setdefault(name, []).append(json.dumps(line, ensure_ascii=False))
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, lines in files.items():
                archive.writestr(name, "\n".join(lines) + "\n")
        return packed.getvalue()
