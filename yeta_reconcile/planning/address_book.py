"""Where the platform is told to push, held against where the receiver is (`receiver.url`).

Pure. Without records no wave can be carried over and no further round begins; so what leads elsewhere is
said before anybody waits. No path of an address is said: a secret stands in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from yeta_reconcile.diagnostics import Diagnostic
from yeta_reconcile.platform.pushes import DIALOG, RECORD, VOICE
from yeta_reconcile.platform.ways import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from yeta_reconcile.diagnostics import Position

CONTEXT = "getDialogContext"
MODULES = (RECORD, VOICE, DIALOG, CONTEXT)
# What is missing where the platform has no address for a module that is needed.
_WITHOUT = {
    RECORD: "no call record comes, so no wave can be carried over and no further round begins",
    CONTEXT: "no dialog context is asked for",
}


def address_findings(
    receiver: str, urls: Mapping[str, str], at: Callable[..., Position], *, contexts: bool
) -> list[Diagnostic]:
    """A warning for each module whose pushes do not come to the `receiver`; none where that is not said.

    `urls` are the platform's, by module; `contexts`: whether any document answers getDialogContext.
    """
    if not receiver:
        return []
    hint = (
        f"what is right at the platform (接口配置) is {receiver.rstrip('/')}/<YETA_PUSH_SECRET>/ and the "
        "module's name; or correct `receiver.url`"
    )
    place = at("receiver", "url")
    return [
        Diagnostic("warning", "push-address", words, place, hint)
        for words in _differences(receiver, urls, contexts=contexts)
    ]


def _differences(receiver: str, urls: Mapping[str, str], *, contexts: bool) -> Iterator[str]:
    known = {module.lower(): url for module, url in urls.items()}
    needed = {RECORD, CONTEXT} if contexts else {RECORD}
    for module in MODULES:
        url = known.get(module.lower())
        if url is not None:
            if where := _elsewhere(receiver, url, module):
                yield f"the platform sends {module} to {where}"
        elif module in needed:
            yield f"the platform has no address for {module}: {_WITHOUT[module]}"


def _elsewhere(receiver: str, url: str, module: str) -> str:
    """Where an address leads if that is not the receiver's; as the receiver reads paths."""
    there, here = place_of(url), place_of(receiver)
    if there != here:
        return f"{there}, and the receiver is {here}"
    path, prefix = _tidy(url), _tidy(receiver)
    last = path.rpartition("/")[2]
    if last.lower() != module.lower():
        known = next((name for name in MODULES if name.lower() == last.lower()), "")
        return f"the address of {known}" if known else "an address that does not end in its name"
    if not path.startswith(f"{prefix}/"):
        return f"another path than that of `receiver.url`, at {there}"
    return ""


def _tidy(url: str) -> str:
    return re.sub(r"/{2,}", "/", urlsplit(url).path).rstrip("/")
