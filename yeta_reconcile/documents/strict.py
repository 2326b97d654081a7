"""What every mapping of a document is: the base of its models."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """Every mapping in a document: unknown keys are errors, values do not change after reading.

    An example stands in a field's `Field`, what it means below it: `schema.json`, which the tests make, has
    both, and pydantic need not read them in every run.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, defer_build=True)
