"""What results are called in a document: a class of them, one of them, or the platform's own number.

Pure. The one table is `RESULTS` (`platform/call.py`); nothing is named here that does not stand there.
"""

from __future__ import annotations

from collections.abc import Mapping

from yeta_reconcile.platform.call import RESULTS, ResultMeaning


def _named() -> dict[str, frozenset[str]]:
    names = {
        _slug(meaning.value): frozenset(code for code, known in RESULTS.items() if known.meaning is meaning)
        for meaning in ResultMeaning
        if meaning is not ResultMeaning.UNKNOWN
    }
    for code, known in RESULTS.items():
        if "," not in known.english and known.meaning in {ResultMeaning.NOT_REACHED, ResultMeaning.FAULT}:
            names.setdefault(_slug(known.english), frozenset({code}))
    return names


def _slug(words: str) -> str:
    return words.replace(" ", "-")


NAMES: Mapping[str, frozenset[str]] = _named()
"""The results that each name stands for: classes first, then each way of not being reached."""
CONNECTED = NAMES[_slug(ResultMeaning.CONNECTED.value)]


def codes_of(name: str) -> frozenset[str]:
    """The results that a name or number stands for; none if there is no such."""
    return NAMES.get(name, frozenset({name} & RESULTS.keys()))
