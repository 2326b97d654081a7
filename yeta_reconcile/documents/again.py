"""Further rounds by result, as a document declares them: `recall.again`. Pure values."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from yeta_reconcile.diagnostics import did_you_mean
from yeta_reconcile.documents.values import Duration, NoFlag, Strict, each_once, whole_seconds, wrong
from yeta_reconcile.platform.call import NAMES, RESULTS, codes_of
from yeta_reconcile.wording import listed, phrase


def parse_results(value: Any) -> Any:
    """Names of results, or the platform's own numbers, → the same as text. Raises PydanticCustomError."""
    if not isinstance(value, list | tuple):
        return value
    names = tuple(one if isinstance(one, bool) else str(one) for one in value)
    for index, name in enumerate(names):
        if not isinstance(name, str) or not codes_of(name):
            known = did_you_mean(str(name), NAMES)
            if not known.startswith("did"):
                known = phrase("one of {names} is expected", names=listed(NAMES, 0))
            words = phrase(
                "there is no such result, by name or by the platform's number; {known}", known=known
            )
            raise wrong("result", words, at=index)
    return names


Results = Annotated[
    tuple[str, ...],
    BeforeValidator(parse_results),
    Field(min_length=1),
    AfterValidator(each_once),
    WithJsonSchema(
        {
            "type": "array",
            "items": {"enum": [*NAMES, *RESULTS, *map(int, RESULTS)]},
            "minItems": 1,
            "uniqueItems": True,
        }
    ),
]


class Again(Strict):
    """Further rounds by result, each a wave of its own, once the one before is over and accounted."""

    on: Annotated[Results, Field(examples=[["not-reached"]])]
    """Whose last result is one of these is called again: classes, single results, the platform's numbers."""
    rounds: Annotated[int, Field(ge=1, examples=[2]), NoFlag] = 1
    """How many rounds may follow the first calls."""
    wait: Annotated[Duration, AfterValidator(whole_seconds)] = timedelta(days=1)
    """Time from the last call of a round to the next round, in whole seconds."""

    @property
    def codes(self) -> frozenset[str]:
        """The results that are named, as the platform numbers them."""
        return frozenset().union(*map(codes_of, self.on))
