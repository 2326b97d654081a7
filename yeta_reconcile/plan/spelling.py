"""What may stand in the JSON of a plan, and how a moment is spelled there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field, PlainSerializer, WithJsonSchema

Count = Annotated[int, Field(ge=0)]
Moment = Annotated[
    AwareDatetime,
    PlainSerializer(datetime.isoformat, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
