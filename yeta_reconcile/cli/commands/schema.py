"""`yeta schema`: the JSON Schema of the documents."""

from __future__ import annotations

import click

from yeta_reconcile.cli.output import show_json


@click.command()
def schema() -> None:
    """Print the JSON Schema of the documents, for editors.

    In VS Code with the YAML extension, this line at the head of a document does it:

    # yaml-language-server: $schema=schema.json
    """
    from yeta_reconcile.documents.json_schema import schema as schema_of_documents  # noqa: PLC0415 -- pydantic

    show_json(schema_of_documents())
