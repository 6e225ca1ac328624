"""Bodies as they come: types, encodings, and gzip in every form that somebody might try. Nothing of it costs memory."""

import gzip
import json
import tracemalloc
import zlib
from http import HTTPStatus

import pytest

from apps.tracking.body import MAX_BROWSER_BYTES, MAX_SERVER_BYTES, BodyTurned, body_of

TEXT = json.dumps({"site_key": "x", "events": []}).encode()
PACKED = gzip.compress(TEXT, mtime=0)  # the same whenever it is packed: it names tests
LARGE, UNSUPPORTED, BAD = (
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.BAD_REQUEST,
)


def read(body: bytes, *, encoding: str = "", content_type: str = "text/plain", has_key: bool = False) -> bytes:
    return body_of(body, content_type=content_type, encoding=encoding, has_key=has_key)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(TEXT, ""), (TEXT, "identity"), (PACKED, "gzip"), (PACKED, "x-gzip"), (PACKED, "GZIP "), (PACKED, "")],
)
def test_it_reads_what_is_allowed(body: bytes, encoding: str) -> None:
    assert read(body, encoding=encoding) == TEXT


@pytest.mark.parametrize(
    ("body", "encoding", "status", "field", "word"),
    [
        (TEXT, "gzip", BAD, "body", "isn't gzip"),
        (PACKED[:-1], "gzip", BAD, "body", "cut off"),
        (PACKED[:12], "gzip", BAD, "body", "cut off"),
        (PACKED[:2], "", BAD, "body", "cut off"),
        (PACKED + b"trailing", "gzip", BAD, "body", "goes on"),
        (PACKED + PACKED, "gzip", BAD, "body", "goes on"),  # members that add up to more than each
        (PACKED[:-8] + b"\0" * 8, "gzip", BAD, "body", "isn't gzip"),  # its own check sum says no
        (zlib.compress(TEXT), "deflate", UNSUPPORTED, "Content-Encoding", "may be gzip"),
        (b"x", "br", UNSUPPORTED, "Content-Encoding", "is br, may be gzip"),
        (b"x", "zstd", UNSUPPORTED, "Content-Encoding", "may be gzip"),
        (gzip.compress(PACKED, mtime=0), "gzip, gzip", UNSUPPORTED, "Content-Encoding", "may be gzip"),
        (b"x" * (MAX_BROWSER_BYTES + 1), "", LARGE, "body", "64 KiB"),
        (gzip.compress(b"x" * (MAX_BROWSER_BYTES + 1), mtime=0), "gzip", LARGE, "body", "64 KiB"),
        (gzip.compress(b"\0" * 50_000_000, mtime=0), "gzip", LARGE, "body", "64 KiB"),
    ],
)
def test_it_says_what_is_wrong_with_the_rest(
    body: bytes, encoding: str, status: HTTPStatus, field: str, word: str
) -> None:
    with pytest.raises(BodyTurned) as turned:
        read(body, encoding=encoding)
    assert (turned.value.status, turned.value.fault.field) == (status, field)
    assert word in turned.value.fault.why


def test_packed_twice_it_is_unpacked_once() -> None:
    assert read(gzip.compress(PACKED), encoding="gzip") == PACKED


def test_the_bound_itself_is_allowed() -> None:
    for has_key, most in ((False, MAX_BROWSER_BYTES), (True, MAX_SERVER_BYTES)):
        assert len(read(gzip.compress(b"x" * most), encoding="gzip", has_key=has_key)) == most
        assert len(read(b"x" * most, has_key=has_key)) == most


def test_a_bomb_takes_no_memory_beyond_the_bound() -> None:
    """A thousand times its own size, nested or in a row: what is unpacked ends at the bound."""
    bombs = [gzip.compress(b"\0" * 60_000_000), gzip.compress(gzip.compress(b"\0" * 60_000_000) * 900)]
    bombs.append(gzip.compress(b"\0" * 65_000) * 900)
    tracemalloc.start()
    try:
        for bomb in bombs:
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            with pytest.raises(BodyTurned):
                read(bomb, encoding="gzip")
            _, peak = tracemalloc.get_traced_memory()
            assert peak - before < 8 * MAX_BROWSER_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("content_type", ["", "text/html", "multipart/form-data; boundary=x", "application/x-json"])
def test_other_types_are_named(content_type: str) -> None:
    with pytest.raises(BodyTurned) as turned:
        read(TEXT, content_type=content_type)
    assert (turned.value.status, turned.value.fault.field) == (UNSUPPORTED, "Content-Type")
