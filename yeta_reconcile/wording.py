"""What people read: an English text that knows how it was put together, so that another language can say it.

A text is its English, for whatever takes a `str`: JSON, logs, saved plans and digests stay as they are.
Whoever prints to people asks `spoken` for it in the language of the run, which the command line chooses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from gettext import NullTranslations
from typing import Any, Protocol


class Catalogue(Protocol):
    """The texts of one language, by their English (as gettext has them)."""

    def gettext(self, message: str, /) -> str:
        """A text."""
        ...

    def ngettext(self, msgid1: str, msgid2: str, n: int, /) -> str:
        """A text that counts."""
        ...


# The language of this process, in all of its threads: the last one counts, and English if there is none.
_SPOKEN: list[Catalogue | None] = []


class Text(str):
    """A text for people. One that is no more than this reads the same in every language: a name, say."""

    __slots__ = ()

    def within(self, _catalogue: Catalogue) -> str:
        """The text in the language of a catalogue; English where that has it not."""
        return str(self)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, handler: Any) -> dict[str, Any]:
        """How pydantic reads one out of JSON: as any text."""
        made = {"type": "no-info", "function": cls}
        return {"type": "function-after", "function": made, "schema": handler.generate_schema(str)}


UNSAID = Text()


def said_by(error: BaseException) -> Text:
    """What an exception says: the text it was made with, if it was made with one."""
    said = error.args[0] if error.args else ""
    return said if isinstance(said, Text) else Text(error)


class _Phrase(Text):
    __slots__ = ("template", "values")
    template: str
    values: dict[str, object]

    def within(self, catalogue: Catalogue) -> str:
        text = catalogue.gettext(self.template)
        if not self.values:
            return text
        return text.format(**{name: _value(name, value, catalogue) for name, value in self.values.items()})


class _Counted(Text):
    __slots__ = ("number", "one", "several", "values")
    one: str
    several: str
    number: int
    values: dict[str, object]

    def within(self, catalogue: Catalogue) -> str:
        text = catalogue.ngettext(self.one, self.several, self.number)
        values = {name: _within(value, catalogue) for name, value in self.values.items()}
        return text.format(number=f"{self.number:,}", **values)


class _Listed(Text):
    __slots__ = ("by", "left", "parts")
    parts: tuple[str, ...]
    by: str
    left: int

    def within(self, catalogue: Catalogue) -> str:
        between = _between(catalogue.gettext(self.by))
        shown = between.join(str(_within(part, catalogue)) for part in self.parts)
        return catalogue.gettext(MORE).format(shown=shown, left=f"{self.left:,}") if self.left else shown


# What stands between the parts of a list, by what they are: in English names and clauses have the same comma.
NAMES = "{name}, {next}"
CLAUSES = "{clause}, {next}"
PARTS = "{clause}; {next}"
SENTENCES = "{sentence} {next}"
BOTH = "{name} and {next}"
MORE = "{shown} and {left} more"


def phrase(template: str, /, **values: object) -> Text:
    """A sentence, with values in the places that its template names; some of them may be texts themselves.

    The template stands at the call as it is, for the catalogues are made from what stands there.
    """
    made = _Phrase(template.format(**values) if values else template)
    made.template, made.values = template, values
    return made


def counted(number: int, one: str, several: str, english: str) -> Text:
    """A number and its noun, of which the catalogue has the forms; `amounts.count` makes them."""
    made = _Counted(english)
    made.number, made.one, made.several, made.values = number, one, several, {}
    return made


def plural(number: int, one: str, several: str, /, **values: object) -> Text:
    """A sentence or a noun with words of its own around it, that counts: `{number}` is how many there are."""
    shown = f"{number:,}" if number else "no"
    made = _Counted((one if number == 1 else several).format(number=shown, **values))
    made.number, made.one, made.several, made.values = number, one, several, values
    return made


def listed(words: Iterable[str], most: int = 5, *, by: str = NAMES) -> Text:
    """The first few, joined by what stands `by` their kind, and how many more there are; `most` 0: all."""
    parts = tuple(words)
    shown = parts[:most] if most else parts
    left = len(parts) - len(shown)
    joined = _between(by).join(shown)
    made = _Listed(MORE.format(shown=joined, left=f"{left:,}") if left else joined)
    made.parts, made.by, made.left = shown, by, left
    return made


def sentence(text: Text) -> Text:
    """The text with a capital at its beginning, where a language has capitals."""
    return _cased(text, f"{text[:1].upper()}{text[1:]}")


def loud(text: Text) -> Text:
    """The text in capitals, where a language has them."""
    return _cased(text, text.upper())


def _cased(text: Text, english: str) -> Text:
    made = _Phrase(english)
    made.template, made.values = "{text}", {"text": text}
    return made


def spoken(text: str) -> str:
    """The text in the language of the run."""
    catalogue = _SPOKEN[-1] if _SPOKEN else None
    return text.within(catalogue) if catalogue and isinstance(text, Text) else text


def kept(text: object) -> dict[str, Any] | None:
    """How a text was put together, as JSON values that `retold` takes; None if by its English alone."""
    if isinstance(text, _Phrase):
        parts: dict[str, Any] = {"says": text.template, "with": _kept_values(text.values)}
    elif isinstance(text, _Counted):
        forms = [text.one, text.several]
        parts = {"counts": text.number, "forms": forms, "with": _kept_values(text.values)}
    elif isinstance(text, _Listed):
        parts = {"lists": [kept(part) or part for part in text.parts], "by": text.by, "left": text.left}
    else:
        return None
    parts["english"] = str(text)
    return parts if isinstance(retold(parts, str(text)), _Phrase | _Counted | _Listed) else None


def retold(parts: object, english: str) -> Text:
    """The text of which `kept` gave the parts; its English alone where they are of no form of ours."""
    try:
        made = _put_together(parts)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError):
        return Text(english)
    return made if made == english else Text(english)


def remembered(english: str) -> Text:
    """A text that was stored as its English alone, as a template that has no values."""
    return retold({"says": english, "with": {}, "english": english}, english) if english else UNSAID


def _kept_values(values: dict[str, object]) -> dict[str, object]:
    said = {name: said_by(one) if isinstance(one, BaseException) else one for name, one in values.items()}
    return {
        name: kept(one) or (one if isinstance(one, int | float) else str(one)) for name, one in said.items()
    }


def _put_together(parts: Any) -> Text:
    if isinstance(parts, str):
        return Text(parts)
    made: _Phrase | _Counted | _Listed
    if "lists" in parts:
        made = _Listed(parts["english"])
        made.parts, made.by, made.left = tuple(map(_put_together, parts["lists"])), parts["by"], parts["left"]
        return made
    values = {
        name: _put_together(one) if isinstance(one, dict) else one for name, one in parts["with"].items()
    }
    if "says" in parts:
        made = _Phrase(parts["english"])
        made.template, made.values = parts["says"], values
    else:
        made = _Counted(parts["english"])
        made.number, (made.one, made.several), made.values = parts["counts"], parts["forms"], values
    made.within(NullTranslations())
    return made


def worded(template: str, /, **values: object) -> str:
    """A sentence in the language of the run at once: for whoever renders for people, and for nobody else."""
    return spoken(phrase(template, **values))


def looked_up(english: str) -> str:
    """A text that was made elsewhere (help, say), by its English in the catalogue."""
    catalogue = _SPOKEN[-1] if _SPOKEN else None
    return catalogue.gettext(english) if catalogue and english else english


@contextmanager
def speaking(catalogue: Catalogue | None) -> Iterator[None]:
    """Let `spoken` use a catalogue (None: English)."""
    _SPOKEN.append(catalogue)
    try:
        yield
    finally:
        _SPOKEN.pop()


def _within(value: object, catalogue: Catalogue) -> object:
    text = said_by(value) if isinstance(value, BaseException) else value
    return text.within(catalogue) if isinstance(text, Text) else text


def _value(name: str, value: object, catalogue: Catalogue) -> object:
    """A value of a sentence; what the system says of an error is looked up as it is."""
    return catalogue.gettext(str(value)) if name == "strerror" and value else _within(value, catalogue)


def _between(template: str) -> str:
    return template.partition("}")[2].rpartition("{")[0]
