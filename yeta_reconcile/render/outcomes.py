"""What came of a wave's calls, in lines of text: results, those of each line, and tags."""

from __future__ import annotations

from collections.abc import Mapping

from yeta_reconcile.render.report import WaveStatus
from yeta_reconcile.render.table import clean
from yeta_reconcile.render.words import result_said
from yeta_reconcile.wording import NAMES, PARTS, Text, listed, phrase, spoken, worded

_MOST = 8


def outcome_lines(wave: WaveStatus) -> list[str]:
    """Results of all, then by line where there is more than one; the highest and the lowest tags."""
    lines = [_results(wave.results)] if wave.results else []
    if len(wave.lines) > 1:
        for line, results in sorted(wave.lines.items()):
            name = clean(line) or phrase("unknown line")
            lines.append(worded("{line}: {results}", line=name, results=_results(results)))
    if wave.tags:
        lines.append(worded("highest tags: {tags}", tags=_counted(wave.tags)))
    # Where no dialog went below its highest tag, they are the same.
    if wave.tags_min and wave.tags_min != wave.tags:
        lines.append(worded("lowest tags: {tags}", tags=_counted(wave.tags_min)))
    return lines


def _result(words: str) -> str:
    return spoken(words) if isinstance(words, Text) else result_said("", words)


def _results(counts: Mapping[str, int]) -> str:
    """Of results some have a comma in their words."""
    return _counted({_result(name): number for name, number in counts.items()}, by=PARTS)


def _counted(counts: Mapping[str, int], by: str = NAMES) -> str:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return spoken(listed([f"{clean(name)} {number:,}" for name, number in ordered], _MOST, by=by))
