"""The pixel: an event in an image's address, for pages without JavaScript and for mails."""

import base64
import re
from http import HTTPStatus
from urllib.parse import parse_qs

from apps.core.ids import uuid7

from .intake import Head, Turned
from .payload import EventWire, Fault, HeadWire, Payload
from .payload_repair import cut_text

# 43 bytes: one transparent point.
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
MAX_QUERY = 8192
MAX_FIELDS = 20
CAPS = {"url": 2048, "referrer": 2048, "title": 512, "name": 64}
HALF_CHARACTERS = re.compile(r"[\ud800-\udfff]")


def read_pixel(query: str, head: Head) -> Payload:
    """Return the payload of a pixel's query. Without a `url` the page that shows the image is meant. Raises Turned."""
    if len(query) > MAX_QUERY:
        raise Turned(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Fault("query", f"is longer than {MAX_QUERY} characters"))
    try:
        given = parse_qs(query, max_num_fields=MAX_FIELDS, errors="replace")
    except ValueError:
        raise Turned(HTTPStatus.BAD_REQUEST, Fault("query", f"has more than {MAX_FIELDS} fields")) from None
    fields = {name: HALF_CHARACTERS.sub("", values[0]) for name, values in given.items()}
    site_key = fields.pop("site_key", "")
    if not site_key:
        raise Turned(HTTPStatus.BAD_REQUEST, Fault("site_key", "is required"))
    texts = {name: cut_text(text, CAPS[name]) for name, text in fields.items() if name in CAPS}
    texts.setdefault("url", cut_text(head.referer, CAPS["url"]))
    event = EventWire(
        id=str(uuid7(head.received_ms)),
        kind="event" if texts.get("name") else "pageview",
        at=head.received_ms,
        interactive=False,
        url=texts["url"],
        referrer=texts.get("referrer"),
        title=texts.get("title"),
        name=texts.get("name"),
    )
    cut = sum(len(text) > CAPS[name] for name, text in fields.items() if name in CAPS)
    ignored = sum(name not in CAPS for name in fields)
    return Payload(HeadWire(site_key=site_key), [(0, event)], is_single=True, cut=cut, ignored=ignored)
