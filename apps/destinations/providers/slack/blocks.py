"""A message in Slack's Block Kit: who, what, how much, where, and the way into Beacon. Pure.

People read it, so it has what a person needs to act, and nothing by which another system could recognise the visitor:
no click id, no cookie, no hash, no place below the country, no query of the page's address.

Source: docs.slack.dev/reference/block-kit: blocks (at most 50; header, section, context), composition objects (text).
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from apps.core.countries import country_name
from apps.core.formats import exact, number

from ...occurrences import CompanyFacts, Message, Occurrence
from ..base import SiteFacts
from .text import escaped, link

MOST_BLOCKS = 50
MOST_HEADER = 150
MOST_TEXT = 3_000
MOST_FIELDS = 10
MOST_FIELD = 2_000
# Ours, well below Slack's: a message is read at a glance.
LONGEST = 200
LONGEST_VALUE = 400
UNKNOWN = "*Unknown company*"
UNKNOWN_WHY = "Nothing tells which company this visitor is from, or it is one that you ignore."

Block = dict[str, Any]


def body_make(site: SiteFacts, message: Message, *, is_test: bool) -> bytes:
    """Return the body of the request. `text`: what notifications show, and screen readers say."""
    body = {
        "text": _summary(message, is_test=is_test),
        "blocks": blocks_of(site, message, is_test=is_test),
        # Slack would else fetch the site's page, and Beacon's, which shows it the page to sign in.
        "unfurl_links": False,
        "unfurl_media": False,
    }
    return json.dumps(body, ensure_ascii=False).encode()


def blocks_of(site: SiteFacts, message: Message, *, is_test: bool) -> list[Block]:
    happened = message.occurrence
    blocks = [_header(message, is_test=is_test), _section(_who(happened))]
    fields = [*_facts(message), *_params(message)]
    for start in range(0, len(fields), MOST_FIELDS):
        blocks.append({"type": "section", "fields": fields[start : start + MOST_FIELDS]})
    if site.visits_url and happened.session_id.int:
        blocks.append(_section(link(f"{site.visits_url}/{happened.session_id}", "Open the visit in Beacon")))
    blocks.append({"type": "context", "elements": [_mrkdwn(_when(site, happened.occurred_at, is_test=is_test))]})
    return blocks[:MOST_BLOCKS]


def _header(message: Message, *, is_test: bool) -> Block:
    return {
        "type": "header",
        # Tells this message from all others, so that two of one can be seen to be one; Slack drops neither.
        "block_id": message.key,
        "text": {"type": "plain_text", "text": escaped(_title(message, is_test=is_test), MOST_HEADER), "emoji": False},
    }


def _title(message: Message, *, is_test: bool) -> str:
    name = message.name or message.occurrence.goal_name or message.occurrence.event_name or "Event"
    return f"Test: {name}" if is_test else name


def _summary(message: Message, *, is_test: bool) -> str:
    company = message.occurrence.company
    who = company.name if company else "an unknown company"
    parts = [f"{_title(message, is_test=is_test)}: {who}", *([worth] if (worth := _worth(message)) else [])]
    return escaped(", ".join(parts), LONGEST)


def _who(happened: Occurrence) -> str:
    country = country_name(happened.country) if happened.country else ""
    if happened.company is None:
        return " · ".join(filter(None, [UNKNOWN, escaped(country, LONGEST)])) + f"\n{UNKNOWN_WHY}"
    company = happened.company
    parts = (f"*{escaped(company.name, LONGEST)}*", company.domain, company.kind, country)
    return " · ".join([parts[0], *(escaped(part, LONGEST) for part in parts[1:] if part)])


def _facts(message: Message) -> list[Block]:
    happened = message.occurrence
    facts = (
        ("Value", escaped(_worth(message), LONGEST)),
        ("Interest", _interest(happened.company)),
        ("What", escaped(_what(message), LONGEST)),
        ("Page", _page(happened)),
        ("Came from", escaped(" · ".join(filter(None, (_source(happened), happened.campaign))), LONGEST)),
    )
    return [_mrkdwn(f"*{label}*\n{text}") for label, text in facts if text]


def _params(message: Message) -> list[Block]:
    """Return the fields that a rule adds."""
    shown = (
        (escaped(name, LONGEST), escaped(value if isinstance(value, str) else _json(value), LONGEST_VALUE))
        for name, value in message.params.items()
    )
    return [_mrkdwn(f"*{name}*\n{value}") for name, value in shown if name and value]


def _worth(message: Message) -> str:
    if message.value is None:
        return ""
    return f"{number(message.value, 2)} {message.currency}".rstrip()


def _interest(company: CompanyFacts | None) -> str:
    if company is None:
        return ""
    if company.score is None:
        return "not scored yet"
    return " · ".join(filter(None, [f"{company.score} of 100", escaped(company.temperature, LONGEST)]))


def _what(message: Message) -> str:
    """Return the site's own names of it, as far as the header says another."""
    happened = message.occurrence
    named = (("goal", happened.goal_name), ("event", happened.event_name))
    return " · ".join(f"{kind} {name}" for kind, name in named if name not in ("", message.name))


def _page(happened: Occurrence) -> str:
    """Return the page, linked without its query, which may say who somebody is."""
    parts = urlsplit(happened.page_url)
    title = escaped(happened.page_title, LONGEST)
    place = escaped(f"{parts.netloc}{happened.page_path}", LONGEST)
    if parts.scheme in ("https", "http") and place:
        address = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        place = link(address, place) if len(address) <= LONGEST_VALUE else place
    return "\n".join(filter(None, [title, place]))


def _source(happened: Occurrence) -> str:
    return " / ".join(filter(None, (happened.source, happened.medium)))


def _when(site: SiteFacts, at: datetime, *, is_test: bool) -> str:
    """Return when and where; Slack puts the moment into each reader's own time, and shows the site's where it can't."""
    fallback = exact(at, zone=ZoneInfo(site.time_zone))
    moment = f"<!date^{int(at.timestamp())}^{{date_short_pretty}}, {{time}}|{fallback}>"
    why = "A test that somebody asked for; nobody did this" if is_test else ""
    return " · ".join(filter(None, [moment, escaped(site.name, LONGEST), why, "Beacon"]))


def _section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> Block:
    # verbatim: what visitors wrote becomes no link, no channel, no mention.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _json(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


def lengths_kept(blocks: Sequence[Block]) -> bool:
    """Return whether blocks keep to Slack's limits."""
    texts = [text for block in blocks for text in _texts(block)]
    return len(blocks) <= MOST_BLOCKS and all(0 < len(text) <= most for text, most in texts)


def _texts(block: Block) -> list[tuple[str, int]]:
    own = [(block["text"]["text"], MOST_HEADER if block["type"] == "header" else MOST_TEXT)] if "text" in block else []
    return [*own, *((one["text"], MOST_FIELD) for one in block.get("fields", []))]
