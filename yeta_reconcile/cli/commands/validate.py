"""`yeta validate`: every finding about documents and lists, in one run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from importlib import import_module
from pathlib import Path

import click

from yeta_reconcile.amounts import count
from yeta_reconcile.cli.annotate import annotate, annotation_option, hosted
from yeta_reconcile.cli.context import Context
from yeta_reconcile.cli.output import say, show, show_json, tell
from yeta_reconcile.diagnostics import (
    Diagnostic,
    Position,
    diagnostic_json,
    once,
)
from yeta_reconcile.documents.contacts import ListReader
from yeta_reconcile.documents.relations import shared_lines, unknown_predecessors
from yeta_reconcile.documents.rows import plain_digest
from yeta_reconcile.documents.survey import Survey
from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.exits import Exit
from yeta_reconcile.platform.resources import Config
from yeta_reconcile.render.annotations import diagnostic_line
from yeta_reconcile.wording import CLAUSES, Text, listed, phrase

FORMAT = "yeta-validate/1"


@click.command()
@click.option("--online", is_flag=True, help="Also compare with the robots, lines and voices there are.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "gitlab", "sarif"]),
    default="text",
    help="Output.",
    show_default=True,
)
@annotation_option
@click.pass_obj
def validate(context: Context, online: bool, form: str, annotations: str) -> Exit:
    """Check documents and contact lists.

    Every finding comes in one run (of one kind in one list, twenty, then how many more and where), as
    path:line:column, what is wrong and what would be right. Without --online nothing is asked of the
    platform. Exits 3 if there is an error.
    """
    survey, findings = _survey(context)
    columns: dict[str, tuple[str, ...]] = {}
    if survey and online and survey.settings.project:
        config = _config(survey, context.environ, context.chdir)
        columns = {robot.robot_id: robot.columns for robot in config.robots.values()}
        findings += online_findings(survey, config)
    if survey:
        findings += unknown_predecessors(survey.callings, _applied(survey))
        findings += shared_lines(survey.callings)
    rows = _check_lists(survey, columns, findings) if survey else 0
    findings = _sorted(findings)
    errors = sum(found.severity == "error" for found in findings)
    counts = _counts(survey, rows)
    if form == "json":
        shown = [diagnostic_json(found) for found in findings]
        document = {"format": FORMAT, "valid": not errors, **counts, "diagnostics": shown}
        show_json(document)
    elif form == "text":
        for found in findings:
            tell(Text(diagnostic_line(found)))
        say(_summary(counts, findings))
    else:
        show(hosted(findings, form, context.chdir))
    if form in {"text", "json"}:
        annotate(findings, annotations, context.chdir)
    return Exit.INVALID if errors else Exit.DONE


def _survey(context: Context) -> tuple[Survey | None, list[Diagnostic]]:
    """What is in the repository; None if its settings cannot be read, with the reasons."""
    try:
        survey = Survey(context.chdir, context.env, context.environ)
    except InvalidInput as error:
        if not error.diagnostics:  # there is no repository at all
            raise
        return None, [*error.diagnostics]
    return survey, [*survey.findings]


def _applied(survey: Survey) -> Collection[str]:
    """Names that were ever applied, so far as the state is here; asked only where a name is not declared."""
    project = survey.settings.project
    named = {name for one in survey.callings.values() for name in getattr(one.model, "after", ())}
    if project is None or named <= {*survey.callings}:
        return ()
    state = import_module("yeta_reconcile.store.open").open_without_key(project.state, survey.root)
    if state is None:
        return ()
    with closing(state):
        names: Collection[str] = state.waves.recorded().names
    return names


def _check_lists(survey: Survey, columns: Mapping[str, tuple[str, ...]], findings: list[Diagnostic]) -> int:
    """Read every list to its end and add what is found; the number of rows."""
    rows = 0
    lists = [
        (survey.list_spec(one), columns.get(one.model.robot) or None) for one in survey.callings.values()
    ]
    for spec, robot in (*lists, *((spec, None) for spec in survey.other_lists)):
        if not spec.there:  # the survey says so
            continue
        reader = ListReader(spec, robot)
        for _ in reader.blocks():
            pass
        rows += reader.count
        findings += [*reader.diagnostics, *_encoding(spec.label, reader.codec)]
    if (barred := survey.do_not_call) and not [*barred.findings()]:
        findings += barred.numbers(plain_digest).diagnostics
    readers = [*map(survey.context_reader, survey.contexts.values()), *survey.other_contexts]
    for contexts in readers:
        if contexts is not None:
            rows += sum(1 for _ in contexts)
            findings += [*contexts.diagnostics, *_encoding(contexts.label, contexts.codec)]
    return rows


def _encoding(label: str, codec: str) -> Iterator[Diagnostic]:
    """What a list was read as, if that is not what is written everywhere."""
    if codec and not codec.startswith("utf-8"):
        yield Diagnostic(
            "note", "encoding", phrase("this file is read as {codec}", codec=codec.upper()), Position(label)
        )


def _config(survey: Survey, environ: Mapping[str, str], root: Path) -> Config:
    from yeta_reconcile.cli.session import connect  # noqa: PLC0415 -- httpx is not needed offline

    assert survey.settings.project
    with connect(survey.settings.project, environ, root) as client:
        return client.config()


def online_findings(survey: Survey, config: Config) -> list[Diagnostic]:
    """What the documents name that the platform has not, or has otherwise."""
    from yeta_reconcile.planning import address_book, preflight  # noqa: PLC0415

    declared = [(located.model, located.at) for located in survey.callings.values()]
    found = preflight.online_diagnostics(declared, config, datetime.now(survey.settings.zone))
    assert survey.settings.project
    url, contexts = survey.settings.project.receiver.url, bool(survey.contexts)
    return found + address_book.address_findings(url, config.urls, survey.settings.at, contexts=contexts)


def _sorted(findings: Iterable[Diagnostic]) -> list[Diagnostic]:
    """By place, each once: a list that two campaigns share is read twice."""
    return sorted(once(findings), key=lambda found: (found.position or Position(""), found.summary))


def _counts(survey: Survey | None, rows: int) -> dict[str, int]:
    kinds = [located.model.kind for located in survey.callings.values()] if survey else []
    return {
        "campaigns": kinds.count("Campaign"),
        "direct_calls": kinds.count("DirectCall"),
        "contexts": len(survey.contexts) if survey else 0,
        "rows": rows,
    }


def _summary(counts: dict[str, int], findings: list[Diagnostic]) -> Text:
    parts = [count(counts["campaigns"], "campaign")] if counts["campaigns"] else []
    parts += [count(counts["direct_calls"], "direct call")] if counts["direct_calls"] else []
    parts += [count(counts["contexts"], "dialog context")] if counts["contexts"] else []
    parts.append(count(counts["rows"], "row", none="0"))
    severities = [found.severity for found in findings]
    errors, warnings = severities.count("error"), severities.count("warning")
    verdict = listed([count(errors, "error", none="0"), count(warnings, "warning", none="0")], by=CLAUSES)
    if not errors:
        verdict = (
            phrase("valid")
            if not warnings
            else phrase("valid, {warnings}", warnings=count(warnings, "warning", none="0"))
        )
    return phrase("{parts}: {verdict}", parts=listed(parts, 0, by=CLAUSES), verdict=verdict)
