"""What Slack takes as a message, as its documents say. Sections are those of docs.slack.dev."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

INVALID_PAYLOAD, INVALID_BLOCKS, NO_TEXT = "invalid_payload", "invalid_blocks", "no_text"
MOST_TEXT = 40_000
MOST_BLOCKS = 50
MOST_BLOCK_ID = 255
# "messaging/formatting-message-text", "Escaping text" and what it calls special parsing: links, dates, mentions.
CONTROL = re.compile(r"<(?:https?://|mailto:|!date\^|!here|!channel|!everyone|!subteam\^|[@#][A-Z0-9])[^<>]*>")
ENTITY = re.compile(r"&(?:amp|lt|gt);")
PLAIN, MRKDWN = "plain_text", "mrkdwn"
OTHER_BLOCKS = frozenset({"actions", "divider", "file", "image", "markdown", "rich_text", "table", "video"})


def refusal_of(payload: Any) -> str:
    """Return the word that a message is refused with; empty: it is taken."""
    if not isinstance(payload, dict):
        return INVALID_PAYLOAD
    text, blocks = payload.get("text"), payload.get("blocks")
    if not text and not blocks:
        return NO_TEXT
    if text is not None and not (isinstance(text, str) and len(text) <= MOST_TEXT and is_escaped(text)):
        return INVALID_PAYLOAD
    if blocks is None:
        return ""
    if not isinstance(blocks, list) or not 1 <= len(blocks) <= MOST_BLOCKS:
        return INVALID_BLOCKS
    if not all(isinstance(block, dict) and _is_block(block) for block in blocks) or not _are_told_apart(blocks):
        return INVALID_BLOCKS
    return "" if all(is_escaped(one["text"]) for block in blocks for one in _texts(block)) else INVALID_PAYLOAD


def is_escaped(text: str) -> bool:
    """Section "Escaping text": & < > are entities wherever they aren't part of a link, a date or a mention."""
    return not re.search(r"[<>&]", ENTITY.sub("", CONTROL.sub(lambda found: _inside(found[0]), text)))


def _inside(control: str) -> str:
    """Return what stands between the brackets; it is escaped too."""
    return control[1:-1]


def _is_block(block: Mapping[str, Any]) -> bool:
    """Section "reference/block-kit/blocks"."""
    kind = block.get("type")
    if kind == "header":
        return _is_text(block.get("text"), 150, kinds=(PLAIN,))
    if kind == "section":
        return _is_section(block)
    if kind == "context":
        elements = block.get("elements")
        return _is_list(elements, 10) and all(_is_text(one, 3_000) for one in elements or ())
    return kind in OTHER_BLOCKS


def _is_section(block: Mapping[str, Any]) -> bool:
    """Section "reference/block-kit/blocks/section-block": text, fields or both."""
    text, fields = block.get("text"), block.get("fields")
    if text is None and fields is None:
        return False
    has_fields = fields is None or (_is_list(fields, 10) and all(_is_text(one, 2_000) for one in fields))
    return (text is None or _is_text(text, 3_000)) and has_fields


def _is_text(text: Any, most: int, *, kinds: Sequence[str] = (PLAIN, MRKDWN)) -> bool:
    """Section "reference/block-kit/composition-objects/text-object"."""
    if not isinstance(text, dict) or text.get("type") not in kinds:
        return False
    if not isinstance(text.get("text"), str) or not 1 <= len(text["text"]) <= most:
        return False
    # "emoji" goes with plain_text alone, "verbatim" with mrkdwn.
    return ("verbatim" if text["type"] == PLAIN else "emoji") not in text


def _is_list(found: Any, most: int) -> bool:
    return isinstance(found, list) and 1 <= len(found) <= most


def _are_told_apart(blocks: Sequence[Mapping[str, Any]]) -> bool:
    """Of every block: "block_id should be unique for each message", 255 characters at most."""
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    return len(set(map(str, ids))) == len(ids) and all(
        isinstance(one, str) and 1 <= len(one) <= MOST_BLOCK_ID for one in ids
    )


def _texts(block: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = [block.get("text"), *(block.get("fields") or ()), *(block.get("elements") or ())]
    return [one for one in found if isinstance(one, dict) and isinstance(one.get("text"), str)]
