"""Ports on 127.0.0.1: is one free, find a free one."""

from __future__ import annotations

import socket

from config.local.problem import Problem

LOOPBACK = "127.0.0.1"
HIGHEST_PORT = 65535


def port_is_free(port: int) -> bool:
    """Say whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections are still in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Return ports the system hands out now; all are held open together, so no number comes twice."""
    probes = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def remembered_or_free(remembered: int | None) -> int:
    """Return the port of the last run when it is still free, else another."""
    if remembered is not None and port_is_free(remembered):
        return remembered
    return free_ports(1)[0]


def port_from(name: str, text: str) -> int:
    """Read a port number given by a person."""
    if text.isascii() and text.isdigit() and 0 < int(text) <= HIGHEST_PORT:
        return int(text)
    raise Problem(f"{name} must be a port number between 1 and {HIGHEST_PORT}, but it is {text!r}: set another.")


def require_free(name: str, port: int) -> None:
    """Raise a Problem when somebody listens on the port already.

    Browsers try `localhost` at ::1 first, so one who listens there alone is in the way as well.
    """
    if not port_is_free(port) or any(_answers(address, port) for address in (LOOPBACK, "::1")):
        raise Problem(
            f"Port {port} is taken by another program: stop that one or choose another, e.g. {name}={port + 10}."
        )


def _answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True
