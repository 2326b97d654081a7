"""Rows in the forms that other programs read: CSV, Excel, JSON lines, Parquet. No row is decided on."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import IO, Any, Literal

from yeta_reconcile.errors import YetaError
from yeta_reconcile.extras import extra
from yeta_reconcile.wording import phrase

Kind = Literal["text", "count", "yes or no", "moment", "answers"]
Columns = dict[str, Kind]
FORMS = ("csv", "xlsx", "jsonl", "parquet")
BLOCK_ROWS = 20_000
EXCEL_ROWS = 1_048_575
BOM = "\ufeff"
# A spreadsheet takes text that begins like this for a formula, and runs it; what shows nothing goes before.
_FORMULA = re.compile(r"[\s\ufeff\u200b-\u200f\u2060]*[=+\-@＝＋－＠]|[\t\r\n]")
_MINUS = re.compile(r"-[0-9]+")
# A spreadsheet keeps fifteen digits of a number, and makes the others 0.
_LONG_ID = re.compile(r"[0-9]{16,}")
_WIDTHS: Mapping[Kind, int] = {"text": 18, "count": 9, "yes or no": 9, "moment": 20, "answers": 48}
_EXCEL_CELL = 32_767


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows under columns, to be gone through once; times are in `zone` already.

    `for_people`: the CSV is opened in Excel, which needs to be told that it is UTF-8.
    """

    columns: Columns
    rows: Iterable[dict[str, Any]]
    zone: tzinfo
    for_people: bool = False

    def lines(self, form: str) -> Iterator[str]:
        """CSV or JSON lines, line by line."""
        if form != "jsonl":
            yield from self._csv()
            return
        for row in self.rows:
            yield json.dumps(row, ensure_ascii=False, default=_stamp) + "\n"

    def write(self, form: str, target: IO[bytes]) -> None:
        """The whole of it, in any of `FORMS`. Raises YetaError where an extra is missing."""
        if form == "parquet":
            self._write_parquet(target)
        elif form == "xlsx":
            self._write_xlsx(target)
        else:
            target.writelines(line.encode() for line in self.lines(form))

    def _csv(self) -> Iterator[str]:
        """CSV with a header, line by line."""
        line = io.StringIO()
        writer = csv.writer(line)
        writer.writerow([_harmless(name) for name in self.columns])
        yield (BOM if self.for_people else "") + line.getvalue()
        for row in self.rows:
            line.seek(0)
            line.truncate()
            # Half of them are nothing, or numbers.
            values = [row[name] for name in self.columns]
            cells = [value if value is None or type(value) is int else _cell(value) for value in values]
            writer.writerow([_as_text(cell) for cell in cells] if self.for_people else cells)
            yield line.getvalue()

    def _write_parquet(self, target: IO[bytes]) -> None:
        """A Parquet file; a bounded number of rows is in memory at a time."""
        pa = extra("pyarrow", "parquet", phrase("Parquet needs"), phrase("take csv or jsonl"))
        parquet = extra("pyarrow.parquet", "parquet", phrase("Parquet needs"), phrase("take csv or jsonl"))
        answer = pa.struct([("question", pa.string()), ("answer", pa.string()), ("tag", pa.string())])
        kinds: dict[Kind, Any] = {
            "text": pa.string(),
            "count": pa.int64(),
            "yes or no": pa.bool_(),
            "moment": pa.timestamp("ms", tz=str(self.zone)),
            "answers": pa.list_(answer),
        }
        schema = pa.schema([(name, kinds[kind]) for name, kind in self.columns.items()])
        with parquet.ParquetWriter(target, schema) as writer:
            block: list[dict[str, Any]] = []
            for row in self.rows:
                block.append(row)
                if len(block) == BLOCK_ROWS:
                    writer.write_table(pa.Table.from_pylist(block, schema))
                    block = []
            writer.write_table(pa.Table.from_pylist(block, schema))

    def _write_xlsx(self, target: IO[bytes]) -> None:
        """An Excel file, row by row: ids as text, the header frozen."""
        xlsxwriter = extra("xlsxwriter", "xlsx", phrase("Excel files need"), phrase("take csv"))
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(target, options) as book:
            sheet = book.add_worksheet("yeta")
            head = book.add_format({"bold": True, "bottom": 1})
            text = book.add_format({"num_format": "@"})
            time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
            sheet.freeze_panes(1, 0)
            for at, (name, kind) in enumerate(self.columns.items()):
                sheet.set_column(at, at, _WIDTHS[kind], text if kind == "text" else None)
                sheet.write_string(0, at, _harmless(name), head)
            last = 0
            for last, row in enumerate(self.rows, 1):
                if last > EXCEL_ROWS:
                    raise YetaError(
                        phrase(
                            "an Excel sheet holds {excel_rows:,} rows, and there are more",
                            excel_rows=EXCEL_ROWS,
                        ),
                        hint=phrase("take csv or parquet, or one campaign"),
                    )
                for at, name in enumerate(self.columns):
                    match row[name]:
                        case None:
                            continue
                        case bool(value):
                            sheet.write_boolean(last, at, value)
                        case int(value):
                            sheet.write_number(last, at, value)
                        case datetime() as value:  # Excel knows no zones: the project's clock is meant
                            sheet.write_datetime(last, at, value.replace(tzinfo=None), time)
                        case value:
                            sheet.write_string(last, at, str(_cell(value))[:_EXCEL_CELL], text)
            sheet.autofilter(0, 0, last, len(self.columns) - 1)


def _stamp(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    raise TypeError(type(value).__name__)


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return _harmless(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return _stamp(value)
    if isinstance(value, list):
        return _harmless("; ".join(f"{one['question']}: {one['answer']}" for one in value))
    return value


def _harmless(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) and not _MINUS.fullmatch(text) else text


def _as_text(cell: Any) -> Any:
    # A tab is what a spreadsheet leaves alone and does not show.
    return f"\t{cell}" if isinstance(cell, str) and _LONG_ID.fullmatch(cell) else cell
