"""The yeta platform on this machine: a WSGI app with a virtual clock, faults and simulated calls.

Written from the platform's document alone. It imports nothing of the package around it, so that it
cannot share that package's misreadings.

Others use `serve`.
"""

from yeta_reconcile.emulator.codes import Refusal
from yeta_reconcile.emulator.door import LoggedCall
from yeta_reconcile.emulator.emulator import Emulator
from yeta_reconcile.emulator.faults import FOREVER, ConnectionClosed, Fault, Faults, Withheld
from yeta_reconcile.emulator.outbox import Push
from yeta_reconcile.emulator.settings import Lengths, Line, PushHabits, Robot, Settings, Url, Voice
from yeta_reconcile.emulator.task import POOL, Status
from yeta_reconcile.emulator.virtual_clock import VirtualClock
from yeta_reconcile.emulator.world import Dialling

__all__ = [
    "FOREVER",
    "POOL",
    "ConnectionClosed",
    "Dialling",
    "Emulator",
    "Fault",
    "Faults",
    "Lengths",
    "Line",
    "LoggedCall",
    "Push",
    "PushHabits",
    "Refusal",
    "Robot",
    "Settings",
    "Status",
    "Url",
    "VirtualClock",
    "Voice",
    "Withheld",
]
