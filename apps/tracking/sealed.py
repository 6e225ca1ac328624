"""The sealed addresses that the writer has left (`writer.addresses`), opened for those who may ask elsewhere."""

from collections.abc import Iterable
from typing import cast

from . import sealing, valkey
from .writer.addresses import address_key


def addresses_open(ip_hashes: Iterable[bytes]) -> dict[bytes, str]:
    """Return addresses in clear by their hashes; those that are gone, or whose key is, are left out. Raises RedisError.

    For `companies.enrichment` alone, which keeps them in memory for as long as it asks.
    """
    hashes = list(dict.fromkeys(ip_hashes))
    if not hashes:
        return {}
    held = cast("list[bytes | None]", valkey.volatile().mget([address_key(ip_hash) for ip_hash in hashes]))
    opened: dict[bytes, str] = {}
    for ip_hash, left in zip(hashes, held, strict=True):
        hour, _, sealed = (left or b"").partition(b":")
        if hour.isdigit() and (address := sealing.open_address(sealed, int(hour))):
            opened[ip_hash] = address
    return opened
