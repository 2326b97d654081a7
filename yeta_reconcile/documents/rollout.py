"""How a campaign begins small, as a document declares it: `rollout`. Pure values."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from yeta_reconcile.documents.values import SHARE_PATTERN, Duration, Most, Strict, parse_most, whole_seconds
from yeta_reconcile.wording import phrase


def _share(value: Any) -> Any:
    if not re.fullmatch(SHARE_PATTERN, str(value)):
        raise ValueError(phrase('a share is expected, like "20%"'))
    return parse_most(value)


def _somebody(size: int | str) -> int | str:
    if float(str(size).removesuffix("%")) == 0:
        raise ValueError(phrase("a canary of nobody shows nothing: 1 is the smallest"))
    return size


Share = Annotated[
    str,
    BeforeValidator(_share),
    WithJsonSchema({"type": "string", "pattern": f"^{SHARE_PATTERN}$"}),
]


class AbortIf(Strict):
    """What of the canary's call records stops the campaign; what is not named stops nothing."""

    connected_below: Annotated[Share | None, Field(examples=["20%"])] = None
    """Stops it if fewer of those who were called were reached."""
    refused_above: Annotated[Share | None, Field(examples=["10%"])] = None
    """Stops it if more of those who were called refused the call."""
    hung_up_above: Annotated[Share | None, Field(examples=["60%"])] = None
    """Stops it if more of those who were reached hung up on the robot."""


class Rollout(Strict):
    """A small first wave, whose call records decide whether the rest follows."""

    canary: Annotated[Most, AfterValidator(_somebody), Field(examples=[50, "5%"])] = 50
    """How many rows are called first: a number, or a share of the list."""
    wait: Annotated[Duration, AfterValidator(whole_seconds)] = timedelta(minutes=30)
    """Time from the canary's last call until the rest follows, in whole seconds."""
    abort_if: Annotated[AbortIf, Field(examples=[{"connected_below": "20%"}])] = AbortIf()
    """What stops the campaign instead; by default nothing."""
