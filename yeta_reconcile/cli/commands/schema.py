"""`yeta schema`: the JSON Schema of the documents."""

from __future__ import annotations

import click

from yeta_reconcile.cli.help import SCHEMA
from yeta_reconcile.cli.output import show


@click.command()
def schema() -> None:
    """Print the JSON Schema of the documents, for editors.

    In VS Code with the YAML extension, this line at the head of a document does it:

    # yaml-language-server: $schema=schema.json
    """
    show(SCHEMA.read_text(encoding="utf-8"))
