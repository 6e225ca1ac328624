"""A request's body as JSON text: content type, size and gzip, none of them trusted. Pure."""

import zlib
from http import HTTPStatus

from .payload import Fault

MAX_BROWSER_BYTES = 64 * 1024
MAX_SERVER_BYTES = 1024 * 1024
CONTENT_TYPES = ("text/plain", "application/json")
# `sendBeacon` can't set Content-Encoding, so the body's first bytes are believed as well.
GZIP_MAGIC = b"\x1f\x8b"
GZIP_WINDOW = 16 + zlib.MAX_WBITS


class BodyTurned(Exception):
    """The body can't be taken; the answer's status and what is wrong."""

    def __init__(self, status: HTTPStatus, field: str, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.fault = Fault(field, why)


def most_bytes(*, has_key: bool) -> int:
    return MAX_SERVER_BYTES if has_key else MAX_BROWSER_BYTES


def too_large(*, has_key: bool) -> BodyTurned:
    why = f"is larger than {most_bytes(has_key=has_key) // 1024} KiB: send fewer events at once"
    return BodyTurned(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body", why)


def body_of(body: bytes, *, content_type: str, encoding: str, has_key: bool) -> bytes:
    """Return the body, decompressed. Raises BodyTurned."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in CONTENT_TYPES:
        why = f"is {kind[:100] or 'missing'}, must be text/plain or application/json"
        raise BodyTurned(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Content-Type", why)
    encoding = encoding.strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise BodyTurned(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Content-Encoding", f"is {encoding[:100]}, may be gzip")
    if body.startswith(GZIP_MAGIC) or encoding.endswith("gzip"):
        body = _gunzip(body, has_key=has_key)
    if len(body) > most_bytes(has_key=has_key):
        raise too_large(has_key=has_key)
    return body


def _gunzip(body: bytes, *, has_key: bool) -> bytes:
    """Decompress up to the bound and no further, so that a bomb costs no more than an honest body."""
    most = most_bytes(has_key=has_key)
    stream = zlib.decompressobj(GZIP_WINDOW)
    try:
        text = stream.decompress(body, most + 1)
    except zlib.error:
        raise BodyTurned(HTTPStatus.BAD_REQUEST, "body", "isn't gzip, though it says so") from None
    if len(text) > most:
        raise too_large(has_key=has_key)
    if not stream.eof or stream.unused_data:
        raise BodyTurned(HTTPStatus.BAD_REQUEST, "body", "is gzip that was cut off or goes on after its end")
    return text
