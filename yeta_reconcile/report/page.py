"""The page: figures → one HTML file that opens from disk, asks for no other address and holds no number."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

from yeta_reconcile.report import sections, words
from yeta_reconcile.report.figures import Figures
from yeta_reconcile.report.parts import hidden, text
from yeta_reconcile.report.words import Language, said

# In the order in which an owner asks.
SECTIONS = (
    sections.course, sections.campaigns, sections.timetable, sections.funnel, sections.results,
    sections.hours, sections.days, sections.waits, sections.lines, sections.answers, sections.lengths,
    sections.details, sections.attempts, sections.quality,
)  # fmt: skip


def page(figures: Figures, language: Language = "en", *, every: int = 0) -> str:
    """The whole page; with `every` it renews itself from its own address after so many seconds."""
    name = figures.campaign or said("all")
    title = f"{name} · {figures.project}"
    renews = f' data-every="{every}"' if every else ""
    language_code = "zh-CN" if language == "zh" else "en"
    return (
        f'<!DOCTYPE html>\n<html lang="{language_code}"{renews}><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy()}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="robots" content="noindex"><meta name="referrer" content="no-referrer">'
        f'<link rel="icon" href="data:,"><title>{hidden(title)}</title>'
        f"<style>{_part('page.css')}</style></head><body><main>{_main(figures, name, every)}</main>"
        f"<script>{_part('page.js')}</script></body></html>\n"
    )


def policy() -> str:
    """What a browser may do for the page: its own style, its own script, and itself again."""
    digest = b64encode(sha256(_part("page.js").encode()).digest()).decode()
    return (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
        f"script-src 'sha256-{digest}'"
    )


def _main(figures: Figures, name: str, every: int) -> str:
    where = [figures.project]
    if figures.environment:
        where.append(said("environment", name=figures.environment))
    where.append(said("as of", at=words.moment(figures.at)))
    live = f'<p class="live">{text(said("live", seconds=str(every)))}</p>' if every else ""
    halted = f'<p class="halt">{hidden(said("halted", why=figures.halted))}</p>' if figures.halted else ""
    cards = "".join(section(figures) for section in SECTIONS)
    empty = "" if figures.dialled else f'<p class="note">{text(said("nothing"))}</p>'
    return (
        f"<header><div><h1>{hidden(name)}</h1><p>{hidden(' · '.join(where))}</p></div>{live}</header>"
        f'{halted}{sections.tiles(figures)}{empty}<div class="cards">{cards}</div>'
        f"<footer>{text(said('footer'))}</footer>"
    )


@cache
def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
