"""Free TCP ports on loopback."""

import random
import socket
from collections.abc import Iterable, Mapping
from contextlib import ExitStack

LOOPBACK = "127.0.0.1"
# Below Linux's ephemeral range (32,768 up): there, any outgoing connection of this machine
# may take a port between our look at it and the server's bind.
_RANGE = range(20_000, 32_000)
_ATTEMPTS = 500

_random = random.SystemRandom()  # parallel test runs must not draw the same ports


def _bind(port: int) -> socket.socket | None:
    """Return a socket that holds the port, or None when it is taken."""
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # As the servers do: a port whose last connections are in TIME_WAIT counts as free.
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind((LOOPBACK, port))
        held.listen(1)  # two sockets that only bind may share a port
    except OSError:
        held.close()
        return None
    return held


def is_free(port: int) -> bool:
    """Return whether a server could listen on the port now."""
    held = _bind(port)
    if held is None:
        return False
    held.close()
    return True


def accepts(port: int) -> bool:
    """Return whether somebody listens on the port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


def pick(names: Iterable[str], preferred: Mapping[str, int] | None = None) -> dict[str, int]:
    """Return one free port for each name, all different; `preferred` ones where they are free.

    Raises OSError when none can be found.
    """
    preferred = preferred or {}
    picked: dict[str, int] = {}
    with ExitStack() as held_until_all_are_picked:
        for name in names:
            wanted = [preferred[name]] if name in preferred else []
            for port in [*wanted, *_random.sample(_RANGE, _ATTEMPTS)]:
                held = _bind(port)
                if held is not None:
                    held_until_all_are_picked.enter_context(held)
                    picked[name] = port
                    break
            else:
                raise OSError(f"No free port on {LOOPBACK} in {_ATTEMPTS} attempts.")
    return picked
