"""Faults on demand: which request goes wrong next, and how. Decides; the WSGI app carries it out.

A kind says what the client sees; whether the call was carried out nevertheless is its suffix:

| kind | the client sees | bare name means |
|---|---|---|
| `closed` | the connection closed without an answer | `closed_before` |
| `timeout` | no answer for `seconds`, then the connection closed | `timeout_before` |
| `late` | as `timeout`; the call is carried out `seconds` of virtual time later | – |
| `half` | half of the JSON, with a Content-Length that fits the half | `half_after` |
| `cut` | half of the JSON, with the Content-Length of the whole | `cut_after` |
| `html` | 502 and a gateway's page | `html_before` |
| `status_500` | 500 and a page | `status_500_before` |
| `empty` | 200 and nothing | `empty_before` |
| `not_json` | 200 and text | `not_json_before` |
| `wrong_shape` | 200 and a JSON list | `wrong_shape_before` |
| `code` | 200 and the envelope with `code` | `code_before` |
"""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FOREVER = 0
_BARE_IS_AFTER = {"half", "cut"}
_KINDS = {
    "closed",
    "timeout",
    "half",
    "cut",
    "html",
    "status_500",
    "empty",
    "not_json",
    "wrong_shape",
    "code",
}


class ConnectionClosed(ConnectionError):
    """In process, a connection that the platform closed without (all of) an answer."""


class Withheld(TimeoutError):
    """In process, an answer that does not come; `seconds` is how long a socket stays silent."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer for {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    `path` is the end of the requests' path it concerns (`task/insert`); None is any call. `where`
    are body fields that must be equal. It fires from the `nth` matching request on (1 is the
    first), `times` times (`FOREVER` for always; by default once, and always where `rate`, a chance
    between 0 and 1 for each matching request, is given).
    """

    kind: str
    path: str | None = None
    nth: int | None = None
    times: int | None = None
    rate: float | None = None
    code: int = 10004
    seconds: float = 60.0
    where: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind != "late" and self.effect not in _KINDS:
            raise ValueError(f"no such kind of fault: {self.kind}")

    @property
    def effect(self) -> str:
        """What the client sees: the kind without its suffix."""
        return self.kind.removesuffix("_before").removesuffix("_after")

    @property
    def executes(self) -> bool:
        """Tell whether the call is carried out although the client cannot see it."""
        if self.kind.endswith("_after"):
            return True
        return self.kind in _BARE_IS_AFTER


@dataclass(slots=True)
class _Armed:
    fault: Fault
    left: int | None
    chance: random.Random
    seen: int = 0

    def concerns(self, path: str, body: Mapping[str, Any]) -> bool:
        fault = self.fault
        if fault.path is not None and not path.endswith(fault.path):
            return False
        return all(body.get(name) == value for name, value in fault.where.items())

    def fires(self) -> bool:
        fault = self.fault
        if self.left == 0 or (fault.nth is not None and self.seen < fault.nth):
            return False
        if fault.rate is not None and self.chance.random() >= fault.rate:
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Faults:
    """The faults that are armed, in order: the first that matches a request has it."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._armed: list[_Armed] = []
        self._added = 0
        self._lock = threading.Lock()

    def add(self, *faults: Fault) -> None:
        """Arm faults; each counts the requests that match it from now on."""
        with self._lock:
            for fault in faults:
                self._added += 1
                times = fault.times
                if times is None:
                    times = FOREVER if fault.rate is not None else 1
                left = None if times == FOREVER else times
                chance = random.Random(f"{self._seed}/fault/{self._added}")
                self._armed.append(_Armed(fault, left, chance))

    def clear(self) -> None:
        """Disarm all."""
        with self._lock:
            self._armed.clear()

    def take(self, path: str, body: Mapping[str, Any]) -> Fault | None:
        """Give the fault that this request meets, and count it as met."""
        with self._lock:
            concerned = [armed for armed in self._armed if armed.concerns(path, body)]
            # Each counts every request it matches, also one that another fault has: `nth` is
            # the place in what the client sent.
            for armed in concerned:
                armed.seen += 1
            return next((armed.fault for armed in concerned if armed.fires()), None)

    def __len__(self) -> int:
        """Count the faults that can still fire."""
        return sum(armed.left != 0 for armed in self._armed)
