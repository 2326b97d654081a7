from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from yeta_reconcile.render.table import (
    clean,
    pad,
    table,
    width,
    wrap,
)
from yeta_reconcile.wording import Text


def test_a_chinese_character_takes_two_columns_and_an_accent_none() -> None:
    assert width("春季a") == 5
    assert width("e\u0301") == 1


@given(st.text(), st.integers(0, 40))
def test_padded_text_takes_the_columns_asked_for(text: str, columns: int) -> None:
    assert width(pad(text, columns)) == max(columns, width(text))


@given(st.text())
def test_clean_text_is_one_line_that_a_terminal_only_shows(text: str) -> None:
    assert clean(text).isprintable() or not set(clean(text)) & set("\x1b\n\r\t\x00\u202e\u2028")


@given(st.lists(st.text(alphabet="ab春季，。", min_size=1, max_size=8)), st.integers(12, 40))
def test_wrapping_loses_nothing_but_spaces(words: list[str], columns: int) -> None:
    text = " ".join(words)
    assert "".join(wrap(text, columns)).replace(" ", "") == text.replace(" ", "")


@given(st.text(alphabet="春季a ", max_size=60), st.integers(8, 20))
def test_chinese_wraps_within_the_columns(text: str, columns: int) -> None:
    longest = max((len(word) for word in text.replace("春", " ").replace("季", " ").split()), default=0)
    assert all(width(line) <= max(columns, longest) for line in wrap(text, columns))


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=60), st.integers(1, 20))
def test_a_text_in_ascii_is_parted_as_the_same_text_in_another_script(text: str, columns: int) -> None:
    accented = text.replace("a", "á")
    assert [line.replace("a", "á") for line in wrap(text, columns)] == wrap(accented, columns)


def test_a_closing_punctuation_mark_never_begins_a_line() -> None:
    assert wrap("春季续费，提醒", 8) == ["春季续", "费，提醒"]


def test_columns_of_a_table_align_whatever_the_script() -> None:
    numbers = Text("numbers")
    rows = [("春季", 1200, None), ("autumn", 7, "是")]
    assert table((Text("name"), numbers, Text("note")), rows, right=(numbers,), indent=2) == [
        "  name    numbers  note",
        "  春季      1,200  –",
        "  autumn        7  是",
    ]
