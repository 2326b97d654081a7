"""Where the platform is told to push, held against where the receiver is (`receiver.url`).

Pure. Without records no wave can be carried over and no further round begins; so what leads elsewhere is
said before anybody waits. No path of an address is said: a secret stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.documents.repository import Repository
from yeta_reconcile.platform.pushes import DIALOG, RECORD, VOICE
from yeta_reconcile.platform.resources import Config
from yeta_reconcile.platform.ways import place_of
from yeta_reconcile.wording import UNSAID, Text, phrase

CONTEXT = "getDialogContext"
MODULES = (RECORD, VOICE, DIALOG, CONTEXT)
# What is missing where the platform has no address for a module that is needed.
_WITHOUT = {
    RECORD: phrase("no call record comes, so no wave can be carried over and no further round begins"),
    CONTEXT: phrase("no dialog context is asked for"),
}


def address_findings(
    receiver: str, urls: Mapping[str, str], at: Callable[..., Position], *, contexts: bool
) -> list[Diagnostic]:
    """A warning for each module whose pushes do not come to the `receiver`; none where that is not said.

    `urls` are the platform's, by module; `contexts`: whether any document answers getDialogContext.
    """
    if not receiver:
        return []
    hint = phrase(
        "what is right at the platform (接口配置) is {receiver}/<YETA_PUSH_SECRET>/ and the module's "
        "name; or correct `receiver.url`",
        receiver=receiver.rstrip("/"),
    )
    place = at("receiver", "url")
    return [
        Diagnostic("warning", "push-address", words, place, hint)
        for words in _differences(receiver, urls, contexts=contexts)
    ]


def _differences(receiver: str, urls: Mapping[str, str], *, contexts: bool) -> Iterator[Text]:
    known = {module.lower(): url for module, url in urls.items()}
    needed = {RECORD, CONTEXT} if contexts else {RECORD}
    for module in MODULES:
        url = known.get(module.lower())
        if url is not None:
            if where := _elsewhere(receiver, url, module):
                yield phrase("the platform sends {module} to {where}", module=module, where=where)
        elif module in needed:
            without = _WITHOUT[module]
            yield phrase(
                "the platform has no address for {module}: {without}", module=module, without=without
            )


def _elsewhere(receiver: str, url: str, module: str) -> Text:
    """Where an address leads if that is not the receiver's; as the receiver reads paths."""
    there, here = place_of(url), place_of(receiver)
    if there != here:
        return phrase("{there}, and the receiver is {here}", there=there, here=here)
    path, prefix = _tidy(url), _tidy(receiver)
    last = path.rpartition("/")[2]
    if last.lower() != module.lower():
        known = next((name for name in MODULES if name.lower() == last.lower()), "")
        if not known:
            return phrase("an address that does not end in its name")
        return phrase("the address of {known}", known=known)
    if not path.startswith(f"{prefix}/"):
        return phrase("another path than that of `receiver.url`, at {there}", there=there)
    return UNSAID


def _tidy(url: str) -> str:
    return re.sub(r"/{2,}", "/", urlsplit(url).path).rstrip("/")


def misled(declared: Repository, config: Config) -> list[Diagnostic]:
    """Warnings of pushes that the platform sends elsewhere than to the receiver of the settings."""
    url, contexts = declared.project.receiver.url, bool(declared.contexts)
    return address_findings(url, config.urls, declared.settings.at, contexts=contexts)
