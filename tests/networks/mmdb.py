"""Write small address databases for tests: MaxMind's DB format 2.0, one record a network, no deduplication."""

import struct
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

Value = str | bool | int | float | Mapping[str, "Value"] | Sequence["Value"]
Records = Mapping[str, Mapping[str, Value]]
RECORD_BITS = 32
METADATA_MARK = b"\xab\xcd\xefMaxMind.com"
SEPARATOR = bytes(16)

# Type numbers of the format, "Data Field Format".
STRING, DOUBLE, UINT16, UINT32, MAP, UINT64, ARRAY, BOOLEAN = 2, 3, 5, 6, 7, 9, 11, 14


def write_mmdb(
    path: Path, records: Records, *, ip_version: int = 4, built_at: int = 1_760_000_000, type_: str = "Test"
) -> Path:
    """Write `records` (network -> record) to `path` and return it. IPv4 networks may stand in an IPv6 database."""
    tree: list[list[int | None]] = [[None, None]]
    data, offsets = b"", []
    for text, record in records.items():
        offsets.append(len(data))
        data += _encoded(record)
        _insert(tree, _bits(ip_network(text), ip_version), -len(offsets))
    metadata = _metadata(nodes=len(tree), ip_version=ip_version, built_at=built_at, type_=type_)
    nodes = b"".join(struct.pack(">II", *(_pointer(side, len(tree), offsets) for side in node)) for node in tree)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(nodes + SEPARATOR + data + METADATA_MARK + metadata)
    return path


def _metadata(*, nodes: int, ip_version: int, built_at: int, type_: str) -> bytes:
    """Return the metadata map; readers insist on each number's type."""
    fields = {
        "binary_format_major_version": _number(UINT16, 2),
        "binary_format_minor_version": _number(UINT16, 0),
        "build_epoch": _number(UINT64, built_at),
        "database_type": _encoded(type_),
        "description": _control(MAP, 0),
        "ip_version": _number(UINT16, ip_version),
        "languages": _control(ARRAY, 0),
        "node_count": _number(UINT32, nodes),
        "record_size": _number(UINT16, RECORD_BITS),
    }
    return _control(MAP, len(fields)) + b"".join(_encoded(name) + value for name, value in fields.items())


def _bits(network: IPv4Network | IPv6Network, ip_version: int) -> str:
    bits = format(int(network.network_address), f"0{network.max_prefixlen}b")[: network.prefixlen]
    return "0" * 96 + bits if ip_version == 6 and network.version == 4 else bits


def _insert(tree: list[list[int | None]], bits: str, leaf: int) -> None:
    """Walk and grow the tree; nodes are positive numbers, leaves negative ones."""
    at = 0
    for bit in map(int, bits[:-1]):
        child = tree[at][bit]
        if child is None:
            tree.append([None, None])
            child = tree[at][bit] = len(tree) - 1
        at = child
    tree[at][int(bits[-1])] = leaf


def _pointer(side: int | None, nodes: int, offsets: list[int]) -> int:
    if side is None:
        return nodes
    return side if side >= 0 else nodes + len(SEPARATOR) + offsets[-side - 1]


def _encoded(value: Value) -> bytes:
    if isinstance(value, Mapping):
        pairs = b"".join(_encoded(key) + _encoded(part) for key, part in value.items())
        return _control(MAP, len(value)) + pairs
    if isinstance(value, str):
        text = value.encode()
        return _control(STRING, len(text)) + text
    if isinstance(value, float):
        return _control(DOUBLE, 8) + struct.pack(">d", value)
    if isinstance(value, bool):
        return _control(BOOLEAN, int(value))
    if isinstance(value, Sequence):
        return _control(ARRAY, len(value)) + b"".join(map(_encoded, value))
    return _number(UINT32, value)


def _number(kind: int, value: int) -> bytes:
    digits = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return _control(kind, len(digits)) + digits


def _control(kind: int, size: int) -> bytes:
    small, extra = (
        (size, b"") if size < 29 else (29, bytes([size - 29])) if size < 285 else (30, struct.pack(">H", size - 285))
    )
    return (bytes([kind << 5 | small]) if kind <= 7 else bytes([small, kind - 7])) + extra
