"""By which way requests leave this machine: which proxy, and whose certificates are believed.

What the settings say, else the variables that other programs follow. It opens no connection, and says of a
proxy's address no more than where it is: the rest may be a password.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

import httpx

from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.frozen import dataclass
from yeta_reconcile.wording import UNSAID, Text, listed, phrase

DIRECT = "direct"
_SETTING = "platform.proxy"
_SOCKS = ("socks5", "socks5h")
KINDS = ("http", "https", *_SOCKS)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy and who named it; never shown but as `where`."""

    url: str = field(repr=False)
    named_by: Text

    @property
    def kind(self) -> str:
        """The scheme of its address."""
        return urlsplit(self.url).scheme.lower()

    @property
    def where(self) -> str:
        """Its address without a user, a password and a path."""
        return place_of(self.url)

    @property
    def is_socks(self) -> bool:
        """Whether it speaks SOCKS, and not HTTP."""
        return self.kind in _SOCKS

    @property
    def address(self) -> tuple[str, int]:
        """The host and port at which a SOCKS proxy listens."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 1080

    @property
    def credentials(self) -> tuple[bytes, bytes] | None:
        """User and password, if it wants any."""
        parts = urlsplit(self.url)
        found = (unquote(part or "").encode() for part in (parts.username, parts.password))
        return (next(found), next(found)) if parts.username else None


@dataclass(frozen=True)
class Ways:
    """`proxy` is an address, DIRECT (none, whatever the environment says) or empty: as the environment says.

    HTTP_PROXY, HTTPS_PROXY and ALL_PROXY name one by the address that is asked for; NO_PROXY exempts hosts,
    from the setting too. `ca_file` names authorities besides the usual ones and those of SSL_CERT_FILE.
    """

    proxy: str = ""
    ca_file: Path | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    def checked(self, url: str) -> Self:
        """Itself. Raises InvalidInput (exit 3) where the way to an address cannot be gone."""
        self.proxy_for(url)
        if self.ca_file is not None:
            _ = self.certificates
        return self

    def proxy_for(self, url: str) -> Proxy | None:
        """The proxy for an address. Raises InvalidInput (exit 3) for one that cannot be used."""
        if self.proxy == DIRECT:
            return None
        parts = urlsplit(url)
        named, by = self.proxy, phrase("the setting {name}", name=_SETTING)
        if not named:
            named, by = self._of_environment(parts.scheme)
        if not named or self._exempt(parts.hostname or "", parts.port):
            return None
        return _usable(Proxy(named if "://" in named else f"http://{named}", by))

    def _of_environment(self, scheme: str) -> tuple[str, Text]:
        # In a CGI script HTTP_PROXY is what a client sent as the header Proxy.
        cgi = {"HTTP_PROXY"} if "REQUEST_METHOD" in self.environ else set()
        for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY"):
            if (named := self.environ.get(name, "").strip()) and name not in cgi:
                return named, phrase("the environment variable {name}", name=name)
        return "", UNSAID

    def _exempt(self, host: str, port: int | None) -> bool:
        said = self.environ.get("no_proxy") or self.environ.get("NO_PROXY") or ""
        return any(
            _matches(entry, host.lower(), port) for entry in re.split(r"[\s,]+", said.lower()) if entry
        )

    def words(self, url: str) -> Text:
        """An address and the way to it, for a message."""
        proxy = self.proxy_for(url)
        place = Text(f"{place_of(url)}{urlsplit(url).path.rstrip('/')}")
        if proxy is None:
            return place
        return phrase(
            "{place} through the proxy {proxy}, which {named_by} names",
            place=place,
            proxy=proxy.where,
            named_by=proxy.named_by,
        )

    @cached_property
    def certificates(self) -> ssl.SSLContext:
        """Whose certificates are believed. Raises InvalidInput (exit 3) for a file that holds none."""
        context = httpx.create_ssl_context()
        if self.ca_file is not None:
            try:
                context.load_verify_locations(self.ca_file)
            except (OSError, ssl.SSLError) as error:
                why = (
                    error.strerror
                    if not isinstance(error, ssl.SSLError)
                    else phrase("it holds no certificate")
                )
                raise InvalidInput(
                    phrase("the file of the setting platform.ca_file cannot be used: {why}", why=why),
                    hint=phrase("it names a file of certificates in PEM form, relative to the repository"),
                ) from None
        return context


def place_of(url: str) -> str:
    """Scheme, host and port of an address; the port only where it is not the usual one."""
    parts = urlsplit(url)
    host, port = (parts.hostname or "").lower(), parts.port
    shown = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{shown if port in {None, usual} else f'{shown}:{port}'}"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _matches(entry: str, host: str, port: int | None) -> bool:
    """Whether an entry of NO_PROXY means a host: a name and all below it, an address, a network, all."""
    name, colon, wanted = entry.rpartition(":")
    if colon and wanted.isdecimal() and name.count(":") == 0:
        if int(wanted) != port:
            return False
        entry = name
    try:
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        entry = entry.removeprefix("*").lstrip(".")
        return not entry or host == entry or host.endswith(f".{entry}")


def _usable(proxy: Proxy) -> Proxy:
    kind, why, hint = (
        proxy.kind,
        "",
        phrase("name one of {kinds}", kinds=listed((f"{known}://" for known in KINDS), 0)),
    )
    try:
        host = urlsplit(proxy.url).hostname and urlsplit(proxy.url).port != 0
    except ValueError:
        host = None
    if kind not in KINDS:
        why = phrase("{kind}:// is no kind of proxy that is known", kind=kind)
    elif not host:
        why = phrase("it names no host and port")
        hint = phrase("write it like http://proxy.example.com:3128")
    if why:
        raise InvalidInput(
            phrase("the proxy that {named_by} names cannot be used: {why}", named_by=proxy.named_by, why=why),
            hint=hint,
        )
    return proxy
