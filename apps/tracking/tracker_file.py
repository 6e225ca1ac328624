"""`/b.js` as built by `npm run build`: read once, sent compressed as the browser likes, checked by its ETag."""

import hashlib
from functools import cache
from pathlib import Path

import msgspec
from django.conf import settings

FOLDER = Path(settings.ROOT) / "static" / "dist" / "tracker"
# Best first.
ENCODINGS = {"br": ".br", "gzip": ".gz", "": ""}
HEADERS = {
    "Content-Type": "text/javascript; charset=utf-8",
    # Pages in the wild pick a new version up within the hour.
    "Cache-Control": "public, max-age=3600, stale-while-revalidate=86400",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Encoding",
}


class TrackerFile(msgspec.Struct, frozen=True):
    """One form of the tracker."""

    content: bytes
    headers: dict[str, str]


@cache
def tracker_file(encoding: str, changed_ns: int) -> TrackerFile | None:
    """Return the file in one of ENCODINGS; None where it isn't built. `changed_ns` makes a rebuilt one known."""
    path = FOLDER / f"b.js{ENCODINGS[encoding]}"
    if not path.is_file():
        return None
    content = path.read_bytes()
    tag = hashlib.sha256(content).hexdigest()[:20]
    headers = HEADERS | {"ETag": f'"{tag}"'}
    return TrackerFile(content, headers | {"Content-Encoding": encoding} if encoding else headers)


def tracker_for(accept_encoding: str) -> TrackerFile | None:
    try:
        changed = (FOLDER / "b.js").stat().st_mtime_ns
    except OSError:
        return None
    accepted = accepted_encodings(accept_encoding)
    for encoding in ENCODINGS:
        if not encoding or encoding in accepted:
            found = tracker_file(encoding, changed)
            if found is not None:
                return found
    return None


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
