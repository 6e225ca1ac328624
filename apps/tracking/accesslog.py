"""Lines of Apache's and Nginx' combined format: taken apart, and told whether they are page views. Pure.

`host - user [time] "request" status size "referrer" "agent"`, with a virtual host before or more fields behind. Servers
escape quotes within quotes, but logs in the wild hold bare ones too, and last lines that were cut off.
"""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec

_HEAD = (
    r"^(?:\S+:\d+ )?(?P<client>\S+) \S+ .*?\[(?P<at>[^\]]{20,32})\] "
    r'"(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?:\d+|-) '
)
_REFERRER = r'"(?P<referrer>(?:[^"\\]|\\.)*)" '
STRICT = re.compile(_HEAD + _REFERRER + r'"(?P<agent>(?:[^"\\]|\\.)*)"(?: .*)?$')
# Quotes inside the agent, or none at its end.
LENIENT = re.compile(_HEAD + _REFERRER + r'"(?P<agent>.*?)"?$')
MOMENT = re.compile(r"^(\d{2})/([A-Z][a-z]{2})/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})$")
MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
# What a page loads or a person downloads: not a page. Texts and scripts that a server shows as they are, are pages.
ASSET_ENDINGS = frozenset(
    {"css", "js", "mjs", "map", "wasm", "woff", "woff2", "ttf", "otf", "eot", "webmanifest"}
    | {"png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "cur", "bmp", "tif", "tiff"}
    | {
        "mp3",
        "m4a",
        "ogg",
        "oga",
        "wav",
        "flac",
        "aac",
        "mp4",
        "m4v",
        "webm",
        "ogv",
        "mov",
        "avi",
        "mkv",
        "mpg",
        "mpeg",
    }
    | {"wmv", "flv", "swf", "pdf", "ps", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "odp", "epub"}
    | {"csv", "txt", "xml", "xsl", "xsd", "json", "rss", "atom", "rdf", "ics", "vcf"}
    | {"zip", "gz", "tgz", "bz2", "xz", "7z", "rar", "tar", "jar", "war", "deb", "rpm", "exe", "msi", "dmg", "pkg"}
    | {"iso", "img", "apk", "bin"}
)
NOT_MODIFIED = 304


class Skip(StrEnum):
    """Why a line isn't a page view."""

    ASSET = "asset"
    ERROR = "error"  # 4xx and 5xx
    REDIRECT = "redirect"  # the page it leads to has a line of its own
    METHOD = "method"  # neither GET nor a page: HEAD, POST, ...
    NOT_HTTP = "not_http"  # no request could be read by the server either
    FUTURE = "future"
    TOO_OLD = "too_old"


class LogLine(msgspec.Struct, frozen=True):
    """A line's fields as they stand; `client` is clear text and leaves this app hashed and sealed only."""

    client: str
    at: datetime
    request: str
    status: int
    referrer: str
    agent: str


def parse_line(line: str) -> LogLine | None:
    """Return the fields of `line` (without its end), or None where it isn't of the combined format."""
    found = STRICT.match(line) or LENIENT.match(line)
    at = parse_moment(found["at"]) if found else None
    if found is None or at is None:
        return None
    return LogLine(
        client=found["client"],
        at=at,
        request=found["request"],
        status=int(found["status"]),
        referrer="" if found["referrer"] == "-" else found["referrer"],
        agent="" if found["agent"] == "-" else found["agent"],
    )


def parse_moment(text: str) -> datetime | None:
    """Return the moment of `17/May/2015:10:05:03 +0000`, in UTC; None where there is no such moment."""
    found = MOMENT.match(text)
    if found is None or found[2] not in MONTHS:
        return None
    day, _, year, hour, minute, second, sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    try:
        # A leap second is written as 60, which no datetime has.
        local = datetime(
            int(year), MONTHS[found[2]], int(day), int(hour), int(minute), min(int(second), 59), tzinfo=UTC
        )
        return local + offset if sign == "-" else local - offset
    except (ValueError, OverflowError):
        return None


def page_target(line: LogLine) -> tuple[str, Skip | None]:
    """Return what a page view's line asked for (path and query, or a whole address), or why it isn't a page view."""
    method, _, rest = line.request.partition(" ")
    target, _, protocol = rest.rpartition(" ")
    if not target:
        target, protocol = protocol, ""  # HTTP/0.9 names no protocol
    if not method.isalpha() or not target or (protocol and not protocol.startswith("HTTP/")):
        return "", Skip.NOT_HTTP
    if method != "GET":
        return "", Skip.METHOD
    if line.status >= 400:
        return "", Skip.ERROR
    if line.status >= 300 and line.status != NOT_MODIFIED:
        return "", Skip.REDIRECT
    if _ending(target) in ASSET_ENDINGS:
        return "", Skip.ASSET
    return target, None


def _ending(target: str) -> str:
    name = target.partition("?")[0].partition("#")[0].rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""
