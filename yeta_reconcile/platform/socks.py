"""What is said to a SOCKS5 proxy (RFC 1928, 1929) until it has connected; it resolves the names of hosts.

httpcore's own way needs a library more, takes an answer that comes in two pieces for a wrong one, and a
proxy of another kind for a bug. Nothing of a request is sent here, so that every failure means: not sent.
"""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address

import httpcore

from yeta_reconcile.wording import Text, phrase

_VERSION, _CONNECT, _NAME = 5, 1, 3
_NO_PASSWORD, _PASSWORD = 0, 2
_LONGEST = 255
_OTHER = phrase("it does not answer as a SOCKS5 proxy")
_WANTS = phrase("it wants a user and a password that it knows")
_REASONS = {
    2: phrase("its rules do not allow it"),
    3: phrase("it does not reach the network"),
    4: phrase("it does not reach the host"),
    5: phrase("nobody listens there"),
    6: phrase("it does not reach the host"),
}


def connect(
    stream: httpcore.NetworkStream, host: str, port: int, credentials: tuple[bytes, bytes] | None
) -> None:
    """Let the proxy at the other end of a stream connect to a host.

    Raises httpcore.ProxyError with a `Text` where it does not, httpcore.ConnectTimeout if it is silent.
    """
    try:
        _greet(stream, credentials)
        stream.write(bytes([_VERSION, _CONNECT, 0]) + _address(host) + port.to_bytes(2, "big"))
        version, reply, _, kind = _read(stream, 4)
        if version != _VERSION:
            raise _refused(_OTHER)
        if reply:
            raise _refused(_REASONS.get(reply))
        # To what it is bound is of no interest, but stands before what the host says.
        length = {1: 4, 4: 16}.get(kind) or (_read(stream, 1)[0] if kind == _NAME else None)
        if length is None:
            raise _refused(_OTHER)
        _read(stream, length + 2)
    except httpcore.TimeoutException as error:
        raise httpcore.ConnectTimeout from error
    except httpcore.NetworkError as error:
        raise _refused(_OTHER) from error


def _greet(stream: httpcore.NetworkStream, credentials: tuple[bytes, bytes] | None) -> None:
    """Say who asks, if the proxy wants to know."""
    methods = [_NO_PASSWORD, *([_PASSWORD] if credentials else [])]
    stream.write(bytes([_VERSION, len(methods), *methods]))
    version, method = _read(stream, 2)
    if version != _VERSION or method not in {_NO_PASSWORD, _PASSWORD, 255}:
        raise _refused(_OTHER)
    if method == _NO_PASSWORD:
        return
    if method not in methods or credentials is None or max(map(len, credentials)) > _LONGEST:
        raise _refused(_WANTS)
    user, password = credentials
    stream.write(bytes([1, len(user)]) + user + bytes([len(password)]) + password)
    if _read(stream, 2)[1]:
        raise _refused(_WANTS)


def _address(host: str) -> bytes:
    with suppress(ValueError):
        address = ip_address(host)
        return bytes([1 if address.version == 4 else 4]) + address.packed
    if len(host) > _LONGEST:
        raise _refused(_REASONS[4])
    return bytes([_NAME, len(host)]) + host.encode()


def _read(stream: httpcore.NetworkStream, length: int) -> bytes:
    """So many bytes, in however many pieces they come."""
    came = b""
    while len(came) < length:
        piece = stream.read(length - len(came))
        if not piece:
            raise _refused(_OTHER)
        came += piece
    return came


def _refused(why: Text | None) -> httpcore.ProxyError:
    refuses = phrase("the proxy refuses to connect")
    return httpcore.ProxyError(phrase("{refuses}: {why}", refuses=refuses, why=why) if why else refuses)
