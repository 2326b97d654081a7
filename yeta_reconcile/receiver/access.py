"""Who may knock: the secret in the path, the networks requests come from, no browser. Pure; keeps no log."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hmac import compare_digest
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from yeta_reconcile.errors import InvalidInput
from yeta_reconcile.platform.ways import is_loopback
from yeta_reconcile.wording import phrase

_PLAIN = re.compile(r"[A-Za-z0-9._~-]+")
_HOST = re.compile(r"(\[[^]]*\]|[^:]*)(?::\d*)?")
_NO_JSON = ("multipart/", "image/", "audio/", "video/", "font/")
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, repr=False)
class Access:
    """`secrets`: one, two while they are rotated, or none. `allowed`: networks; empty: any.

    `proxies` are those whose `X-Forwarded-For` is believed, each for the hop before it.
    """

    secrets: tuple[bytes, ...] = ()
    allowed: tuple[Network, ...] = ()
    proxies: tuple[Network, ...] = ()

    def module(self, path: str) -> str | None:
        """What is asked for behind the secret, None if that is not right. `path` is PATH_INFO, tidied."""
        _, _, rest = path.partition("/")
        if not self.secrets:
            return rest
        given, slash, rest = rest.partition("/")
        knock = given.encode("latin-1", "replace")
        # Every secret is compared whole, so that the time taken tells nothing of any.
        right = [compare_digest(knock, secret) for secret in self.secrets]
        return rest if any(right) and slash else None

    def admits(self, peer: str, forwarded: str | None) -> bool:
        """Whether a request from this address may come in."""
        if not self.allowed:
            return True
        # From the right, as long as who says so is a proxy of ours: what is left of that, anybody wrote.
        hops = [hop for part in (forwarded or "").split(",") if (hop := part.strip())]
        while hops and _within(peer, self.proxies):
            peer = _address(hops.pop())
        return _within(peer, self.allowed)

    def meant(self, host: str | None) -> bool:
        """Whether a request's `Host` may be ours.

        Without a secret that is this machine alone: a page can have its own name lead to loopback.
        """
        if self.secrets or not host:
            return True
        name = _HOST.fullmatch(host)
        return name is not None and is_loopback(name[1].lower())

    @staticmethod
    def takes(content_type: str | None) -> bool:
        """Whether a body may be the platform's by the type it declares.

        Which type the platform declares is not said (openapi.md, part 2), and a push that is refused for it
        is lost: only what cannot be JSON is refused.
        """
        kind = (content_type or "").partition(";")[0].strip().lower()
        return not kind.startswith(_NO_JSON)


def read_secrets(text: str) -> tuple[bytes, ...]:
    """The secrets of `YETA_PUSH_SECRET`: one or two, separated by a comma. Raises InvalidInput."""
    secrets = [part.strip() for part in text.split(",") if part.strip()]
    if len(secrets) > 2 or not all(map(_PLAIN.fullmatch, secrets)):
        raise InvalidInput(
            phrase("YETA_PUSH_SECRET cannot be used"),
            hint=phrase(
                "letters, digits and . _ ~ - are right, since it stands in a URL; "
                "two, separated by a comma, while one takes the other's place"
            ),
        )
    return tuple(secret.encode() for secret in secrets)


def read_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Networks like 203.0.113.0/24, or single addresses. Raises InvalidInput."""
    networks = []
    for text in texts:
        try:
            networks.append(ip_network(text, strict=False))
        except ValueError:
            raise InvalidInput(
                phrase("{text} is no network", text=text),
                hint=phrase("write it like 203.0.113.0/24 or 203.0.113.7"),
            ) from None
    return tuple(networks)


def _address(hop: str) -> str:
    """The address in one part of `X-Forwarded-For`: quotes, brackets and a port are not its."""
    hop = hop.strip('" ')
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _within(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None) or found
    return any(mapped in network for network in networks)
