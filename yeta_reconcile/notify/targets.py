"""Addresses → who is told: WeCom, DingTalk, Feishu, Slack, mail, webhooks, by the library apprise.

The library is an extra and is imported where it is used. An address is a secret: none is ever said.
"""

from __future__ import annotations

import logging
import re
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.wording import phrase

EXTRA = phrase("pip install 'yeta-reconcile[notify]'")
# Seconds to connect and to be answered.
_TIMES = {"cto": "2.0", "rto": "3.0"}
_DINGTALK = re.compile(r"https://oapi\.dingtalk\.com/robot/send\?.*\baccess_token=([\w-]+)")
_FEISHU = re.compile(r"https://open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook/([\w-]+)")


def there() -> bool:
    """Whether the library is installed."""
    return find_spec("apprise") is not None


def require() -> None:
    """Raise InvalidInput (exit 3) if the library is not installed."""
    if not there():
        raise InvalidInput(phrase("`notify:` needs the library apprise, which is not installed"), hint=EXTRA)


def target(address: str) -> Any:
    """Who stands behind an address; None if it is of no kind that is known. Raises InvalidInput."""
    require()
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it would log addresses
    apprise = import_module("apprise")
    found = apprise.Apprise.instantiate(_with_times(_known(address)), suppress_exceptions=True)
    if found is None and urlsplit(address).scheme in {"http", "https"}:
        found = apprise.Apprise.instantiate(_with_times(_webhook(address)), suppress_exceptions=True)
    return found


def send(to: Any, title: str, words: str) -> bool:
    """Whether it was taken. Raises nothing."""
    try:
        return bool(to.send(body=words, title=title))
    except Exception:  # noqa: BLE001 -- whatever a target does, it breaks nothing
        return False


def _known(address: str) -> str:
    """A chat's own webhook as the library names it."""
    if match := _DINGTALK.match(address):
        return f"dingtalk://{match[1]}/"
    if match := _FEISHU.match(address):
        return f"feishu://{match[1]}/"
    return address


def _webhook(address: str) -> str:
    """Any other webhook: it is posted JSON. What its query holds is sent along."""
    parts = urlsplit(address)
    query = urlencode([(f"-{name}", value) for name, value in parse_qsl(parts.query)])
    return f"json{parts.scheme.removeprefix('http')}://{parts.netloc}{parts.path}?{query}"


def _with_times(address: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(_TIMES)}"
