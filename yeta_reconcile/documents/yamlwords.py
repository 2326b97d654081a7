"""What a parser of YAML refuses, in our words, and what would be right.

libyaml and ruamel's own parser say the same in words that differ: each is told by what both have in it.
"""

from __future__ import annotations

from yeta_reconcile.wording import UNSAID, Text, phrase

_SPACES = phrase("indent with spaces, never tabs")
_QUOTE = phrase("quote text that begins with a special character")
_EITHER = phrase("indent with spaces, never tabs; quote text that begins with a special character")
_UNCLOSED = phrase("this quotation mark is never closed")
_OUT_OF_LINE = phrase("this does not go on from what stands before it")
_ALIKE = phrase("indent the keys of a mapping alike, and the items of a list; quote the whole of a text")
_NO_ESCAPE = phrase("behind the \\ stands nothing that it can be an escape of")
_BACKSLASH = phrase("write \\\\ for \\, or put the text in single quotes")
_SAID: tuple[tuple[str, Text, Text], ...] = (
    ("tab character", phrase("a tab stands where the indentation is"), _SPACES),
    ("cannot start any token", phrase("this character cannot stand here"), _EITHER),
    (
        "mapping values are not allowed",
        phrase("a colon cannot stand here"),
        phrase("is the line above indented as this one? Text that holds ': ' must be quoted"),
    ),
    (
        "sequence entries are not allowed",
        phrase("an item that begins with - cannot stand here"),
        phrase("put each item on a line of its own, below the key"),
    ),
    ("',' or ']'", phrase("a list in [] is not closed, or lacks a comma before this"), UNSAID),
    ("',' or '}'", phrase("a mapping in {} is not closed, or lacks a comma before this"), UNSAID),
    ("unexpected end of stream", _UNCLOSED, UNSAID),
    ("unexpected document ", _UNCLOSED, UNSAID),
    (
        "could not find expected ':'",
        phrase("this key has no colon behind it"),
        phrase("write it as key: value, with a blank behind the colon"),
    ),
    ("expected key", _OUT_OF_LINE, _ALIKE),
    ("expected '-' indicator", _OUT_OF_LINE, _ALIKE),
    ("expected <block end>", _OUT_OF_LINE, _ALIKE),
    (
        "node content",
        phrase("a value is expected here"),
        phrase("close every [ and {; quote text that begins with a special character"),
    ),
    ("unknown escape character", _NO_ESCAPE, _BACKSLASH),
    ("hexdecimal number", _NO_ESCAPE, _BACKSLASH),
    ("alphabetic or numeric", phrase("behind & and * stands the name of an anchor"), _QUOTE),
    ("line break", phrase("nothing but a comment may stand behind | and > in their line"), UNSAID),
    ("<document start>", phrase("the document ended above"), phrase("a further one begins with ---")),
)
# Where a parser looks at a whole text or key, what is wrong is where that begins.
_FROM_THE_BEGIN = ("unexpected end of stream", "unexpected document ", "could not find expected ':'")


def in_our_words(problem: str, context: str) -> tuple[Text, Text]:
    """What is wrong and what would be right, of what a parser said; in its words if we have none for it."""
    for words, said, hint in _SAID:
        if words in problem:
            return said, hint
    return phrase("this is no YAML ({problem})", problem=f"{problem} {context}".strip()), UNSAID


def is_where_it_begins(problem: str) -> bool:
    """Whether the fault is at the begin of what the parser was in, and not where it noticed."""
    return any(words in problem for words in _FROM_THE_BEGIN)
