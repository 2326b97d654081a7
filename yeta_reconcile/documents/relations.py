"""What calling documents say of one another: whose new name one is, who goes on with whom, who comes after.

Pure. Whether a name that no document declares is one of the past only the state tells.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from yeta_reconcile.amounts import count
from yeta_reconcile.diagnostics import Diagnostic, Position, did_you_mean
from yeta_reconcile.documents.models import Calling, Campaign
from yeta_reconcile.wording import UNSAID, Text, listed, phrase


def relation_findings(callings: Mapping[str, Any], *, whole: bool) -> Iterator[Diagnostic]:
    """Everything that cannot be; `callings` are located documents by name, `whole` if all could be read."""
    renamed: dict[str, str] = {}
    for name, located in callings.items():
        former = located.model.renamed_from
        if former in callings:
            summary = phrase(
                "{former} is declared too, so that {name} cannot be it under a new name",
                former=former,
                name=name,
            )
            yield _wrong(
                located.at("renamed_from"), "renamed-from", summary, phrase("take one of the two off")
            )
        elif former in renamed:
            summary = phrase(
                "{former} is said to have become {renamed} too", former=former, renamed=renamed[former]
            )
            yield _wrong(
                located.at("renamed_from"), "renamed-from", summary, phrase("a name goes on in one campaign")
            )
        elif former:
            renamed[former] = name
        yield from _others(callings, name, "repeats", "repeat", whole=whole)
        yield from _others(callings, name, "continues", "continue", whole=whole)
        yield from _continues(callings, name)
        yield from _after(callings, name)


def _others(
    callings: Mapping[str, Any], name: str, key: str, verb: str, *, whole: bool
) -> Iterator[Diagnostic]:
    """A campaign that is gone may be repeated or continued, so that an unknown name is no error."""
    located = callings[name]
    for number, other in enumerate(getattr(located.model, key)):
        place = located.at(key, number)
        if other == name:
            yield _wrong(
                place,
                key,
                phrase("a campaign cannot {verb} itself", verb=verb),
                phrase("name an earlier one"),
            )
        elif other not in callings and whole:
            near = did_you_mean(other, callings)
            if near.startswith("did"):
                summary = phrase(
                    "no document declares {other}; that is right if it is a campaign of the past", other=other
                )
                yield Diagnostic("warning", key, summary, place, near)


def _continues(callings: Mapping[str, Any], name: str) -> Iterator[Diagnostic]:
    """Whom another campaign called counts as called here: not in turns, nor in a second way beside it."""
    located = callings[name]
    model = located.model
    for number, other in enumerate(model.continues):
        place, known = located.at("continues", number), standing_for(other, callings)
        if other in model.repeats:
            summary = phrase(
                "whom {other} called cannot both count as called here and be called again", other=other
            )
            yield _wrong(place, "continues", summary, phrase("take it off `continues` or `repeats`"))
        elif other == model.renamed_from:
            summary = phrase(
                "{name} is {other} under a new name, and has its ledger anyway", name=name, other=other
            )
            yield _wrong(place, "continues", summary, phrase("take it off `continues` or `renamed_from`"))
        elif other != name and known is not None and name in continued(known.model, callings):
            summary = phrase(
                "{other} continues {name} in its turn: each would wait for the other", other=other, name=name
            )
            yield _wrong(place, "continues", summary, phrase("one of them came first: take it off there"))


def _after(callings: Mapping[str, Any], name: str) -> Iterator[Diagnostic]:
    """Who comes after whom must come to an end."""
    located = callings[name]
    for number, other in enumerate(_predecessors(callings, name)):
        place = located.at("after", number)
        if other == name:
            yield _wrong(
                place, "after", phrase("a campaign cannot come after itself"), phrase("name an earlier one")
            )
        elif way := _way_back(callings, other, name):
            summary = phrase(
                "{name} comes after {way}: none of them could begin",
                name=name,
                way=", which comes after ".join(way),
            )
            yield _wrong(place, "after", summary, phrase("take one of them off `after`"))


def _predecessors(callings: Mapping[str, Any], name: str) -> tuple[str, ...]:
    located = callings.get(name)
    return located.model.after if located is not None and isinstance(located.model, Campaign) else ()


def _way_back(callings: Mapping[str, Any], start: str, goal: str) -> tuple[str, ...]:
    """The names from `start` to `goal` by who comes after whom, both included; empty if there is no way."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while ways:
        way = ways.pop(0)
        if way[-1] == goal:
            return way
        for other in _predecessors(callings, way[-1]):
            if other not in seen:
                seen.add(other)
                ways.append((*way, other))
    return ()


def shared_lines(callings: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """Lines on which several campaigns are declared running, which go one after the other."""
    wanting: dict[str, list[Any]] = {}
    for located in callings.values():
        if isinstance(located.model, Campaign) and located.model.state == "running":
            for line in located.model.lines:
                wanting.setdefault(line, []).append(located)
    for line, found in wanting.items():
        if len(found) > 1:
            model = found[-1].model
            names = listed((located.model.name for located in found[:3]), 0)
            more = phrase(" and {found:,} more", found=len(found) - 3) if len(found) > 3 else UNSAID
            wanted = count(len(found), "campaign that is", "campaigns that are")
            summary = phrase(
                "line {line} is in {wanted} declared running: {names}{more}",
                line=line,
                wanted=wanted,
                names=names,
                more=more,
            )
            hint = phrase("they go one after the other: the higher `priority`, the earlier end, the name")
            place = found[-1].at("lines", model.lines.index(line))
            yield Diagnostic("note", "shared-line", summary, place, hint)


def unknown_predecessors(callings: Mapping[str, Any], known: Collection[str]) -> Iterator[Diagnostic]:
    """Who is to come after campaigns of which neither a document nor the state (`known` names) tells."""
    for name, located in callings.items():
        for number, other in enumerate(_predecessors(callings, name)):
            if other not in callings and other not in known:
                summary = phrase(
                    "there is no campaign {other}, and none of that name was ever applied", other=other
                )
                place = located.at("after", number)
                yield Diagnostic(
                    "error", "unknown-campaign", summary, place, did_you_mean(other, callings), name
                )


def _wrong(place: Position, code: str, summary: Text, hint: Text) -> Diagnostic:
    return Diagnostic("error", code, summary, place, hint)


class _Declared(Protocol):
    """A document, wherever it stands."""

    @property
    def model(self) -> Calling:
        """What it says."""
        ...


_Known = TypeVar("_Known", bound=_Declared)


def continued(declared: Calling, callings: Mapping[str, _Declared]) -> tuple[str, ...]:
    """The campaigns whose people count as called by a declared one: those that it continues, and they."""
    found: dict[str, None] = {}
    names = list(declared.continues)
    while names:
        name = names.pop(0)
        if name not in found:
            found[name] = None
            known = standing_for(name, callings)
            names += known.model.continues if known else ()
    return tuple(found)


def standing_for(name: str, callings: Mapping[str, _Known]) -> _Known | None:
    """The document of a campaign: of that name, or of what is declared to be it under a new one."""
    renamed = (one for one in callings.values() if one.model.renamed_from == name)
    return callings.get(name) or next(renamed, None)
