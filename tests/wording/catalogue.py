"""The file of a language: what the code says, with what it says in that language; and its compiled form."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from tests.wording.extract import PACKAGE, everything

# Lines of a catalogue's head that say nothing, or another thing each time.
_IDLE = (
    '"Project-Id-Version', '"Report-Msgid-Bugs-To', '"POT-Creation-Date', '"PO-Revision-Date',
    '"Last-Translator', '"Language-Team', '"Generated-By',
)  # fmt: skip
LOCALE = PACKAGE / "locale"


def template() -> Catalog:
    """Every text with the modules it stands in; lines would be other ones with every change."""
    places: dict[tuple[str, str], set[str]] = {}
    for found in everything():
        if found.message:
            places.setdefault(found.message, set()).add(found.place)
    first = [one for one, _ in places]
    assert len(first) == len(set(first)), "a catalogue tells texts apart by their first form"
    made = Catalog(fuzzy=False)
    for (one, several), where in sorted(places.items(), key=lambda pair: (min(pair[1]), pair[0])):
        shown = [(place, 0) for place in sorted(where)][:3]
        made.add((one, several) if several else one, locations=shown)
    return made


def catalogue(language: str) -> Catalog:
    """The file of a language as it is; an empty one if there is none yet."""
    path = LOCALE / language / "LC_MESSAGES" / "yeta.po"
    if not path.exists():
        return Catalog(locale=language, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def renewed(language: str) -> str:
    """The file with the texts there are; what it said of those that are gone is kept at its end."""
    kept = catalogue(language)
    kept.update(template(), no_fuzzy_matching=True, update_creation_date=False)
    kept.header_comment = f"# What yeta says, in {kept.locale.english_name if kept.locale else language}."
    written = BytesIO()
    write_po(written, kept, width=110, ignore_obsolete=True, sort_output=False)
    return "".join(
        line for line in written.getvalue().decode().splitlines(True) if not line.startswith(_IDLE)
    )


def compiled(language: str) -> bytes:
    """What gettext reads at run time."""
    made = catalogue(language)
    made.creation_date = made.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    written = BytesIO()
    write_mo(written, made)
    return written.getvalue()
