"""The tracker and its extras as built by `npm run build`: read once, sent compressed as the browser likes.

`/b.js` is asked for by one name for ever and so is checked by its ETag; an extra's name is a hash of what is in it, so
it never changes. The build's manifest.json says which extra has which file:
`{"extras": {"clicks": "x/3f2a9c1b.js"}, ...}`. Extras of earlier builds lie beside them: a page whose b.js is from a
cache asks for its own.
"""

import hashlib
import re
import time
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings

FOLDER = Path(settings.ROOT) / "static" / "dist" / "tracker"
# Best first.
ENCODINGS = {"br": ".br", "gzip": ".gz", "": ""}
COMMON_HEADERS = {
    "Content-Type": "text/javascript; charset=utf-8",
    "Accept-Ranges": "none",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Beacon-Tracker",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Encoding",
}
# Pages in the wild pick a new version up within the hour.
HEADERS = COMMON_HEADERS | {"Cache-Control": "public, max-age=3600, stale-while-revalidate=86400"}
EXTRA_HEADERS = COMMON_HEADERS | {"Cache-Control": "public, max-age=31536000, immutable"}
VERSION_HEADER = "Beacon-Tracker"
# How long a rebuilt manifest may go unnoticed: asking the disk for every batch would be a pity.
MANIFEST_SECONDS = 1.0
EXTRA = re.compile(r"x/[0-9a-f]{8}\.js")
# Forms of extras in memory; a build has some twenty.
MOST_EXTRAS = 256


class TrackerFile(msgspec.Struct, frozen=True):
    """One form of a script."""

    content: bytes
    headers: dict[str, str]


class Manifest(msgspec.Struct, frozen=True):
    """What the build says of its files: the extras' by name, and its version."""

    extras: dict[str, str] = {}
    version: str = ""


@cache
def tracker_file(encoding: str, changed_ns: int) -> TrackerFile | None:
    """Return b.js in one of ENCODINGS; None where it isn't built. `changed_ns` makes a rebuilt one known."""
    return _read("b.js", encoding, HEADERS | {VERSION_HEADER: tracker_version()})


@lru_cache(MOST_EXTRAS)
def _extra_file(name: str, encoding: str, changed_ns: int) -> TrackerFile | None:
    return _read(name, encoding, EXTRA_HEADERS)


def _read(name: str, encoding: str, headers: dict[str, str]) -> TrackerFile | None:
    path = FOLDER / f"{name}{ENCODINGS[encoding]}"
    if not path.is_file():
        return None
    content = path.read_bytes()
    tag = hashlib.sha256(content).hexdigest()[:20]
    headers = headers | {"ETag": f'"{tag}"'}
    return TrackerFile(content, headers | {"Content-Encoding": encoding} if encoding else headers)


def tracker_for(accept_encoding: str) -> TrackerFile | None:
    try:
        changed = (FOLDER / "b.js").stat().st_mtime_ns
    except OSError:
        return None
    accepted = accepted_encodings(accept_encoding)
    found = (tracker_file(encoding, changed) for encoding in ENCODINGS if not encoding or encoding in accepted)
    return next(filter(None, found), None)


def extra_for(name: str, accept_encoding: str) -> TrackerFile | None:
    """Return the extra `name` (`x/3f2a9c1b.js`), of this build or of one before; None where there is none.

    Only names of this form are looked for on the disk, whatever a request asks for.
    """
    if not EXTRA.fullmatch(name):
        return None
    try:
        changed = (FOLDER / name).stat().st_mtime_ns
    except OSError:
        return None
    accepted = accepted_encodings(accept_encoding)
    found = (_extra_file(name, encoding, changed) for encoding in ENCODINGS if not encoding or encoding in accepted)
    return next(filter(None, found), None)


def extras_of(names: Iterable[str]) -> list[str]:
    """Return the files of the extras `names`, relative to the folder of the endpoint; those not built are left out."""
    built = manifest().extras
    return [built[name] for name in names if name in built]


def tracker_version() -> str:
    """Return the build's version: as its manifest says it, else a hash of b.js; empty where nothing is built."""
    told = manifest().version
    if told:
        return told
    try:
        return _hash_of((FOLDER / "b.js").stat().st_mtime_ns)
    except OSError:
        return ""


@cache
def _hash_of(changed_ns: int) -> str:
    return hashlib.sha256((FOLDER / "b.js").read_bytes()).hexdigest()[:8]


class _Kept:
    """The manifest as last read, until when it needn't be looked at, and which state of the file it is."""

    manifest = Manifest()
    until = 0.0
    changed_ns = -1


def manifest() -> Manifest:
    """Return what the build's manifest says; nothing where it isn't there or can't be read."""
    now = time.monotonic()
    if now < _Kept.until:
        return _Kept.manifest
    _Kept.until = now + MANIFEST_SECONDS
    path = FOLDER / "manifest.json"
    try:
        changed_ns = path.stat().st_mtime_ns
        if changed_ns != _Kept.changed_ns:
            _Kept.manifest = _manifest_of(msgspec.json.decode(path.read_bytes(), type=dict[str, Any]))
            _Kept.changed_ns = changed_ns
    except (OSError, msgspec.MsgspecError):
        _Kept.manifest, _Kept.changed_ns = Manifest(), -1
    return _Kept.manifest


def _manifest_of(told: dict[str, Any]) -> Manifest:
    """Return the manifest that the build wrote: `extras`, and as it likes `version`."""
    extras = msgspec.convert(told.get("extras") or {}, dict[str, str])
    return Manifest(extras, str(told.get("version") or ""))


def forget_manifest() -> None:
    """Look at the manifest anew the next time."""
    _Kept.until, _Kept.changed_ns = 0.0, -1


def accepted_encodings(header: str) -> set[str]:
    """Return the encodings that an Accept-Encoding header doesn't rule out."""
    accepted = set()
    for part in header.lower().split(","):
        name, _, parameters = part.partition(";")
        if parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            accepted.add(name.strip())
    return accepted


def is_unchanged(if_none_match: str, etag: str) -> bool:
    """Return whether the browser has this form already (weak comparison, RFC 9110)."""
    given = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in given or "*" in given
