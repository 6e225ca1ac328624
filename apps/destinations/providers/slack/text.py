"""Texts as Slack takes them: three characters escaped, in one line, no longer than they may be. Pure.

Source: docs.slack.dev/messaging/formatting-message-text, "Escaping text": & < > alone, its control characters.
"""

from urllib.parse import quote

ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
ELLIPSIS = "…"
# What may stand in a link's address as it is; quotes, angle brackets and the bar that ends it may not.
IN_ADDRESS = "%/:=&?~#+!$,;'@()*[]-._"


def escaped(text: str, most: int) -> str:
    """Return a text in one line, cut to `most` characters as sent: an escape counts in full, and stays whole."""
    parts = [ESCAPES.get(letter, letter) for letter in " ".join(text.split())]
    if sum(map(len, parts)) <= most:
        return "".join(parts)
    length, kept = len(ELLIPSIS), []
    for part in parts:
        length += len(part)
        if length > most:
            break
        kept.append(part)
    return "".join(kept).rstrip() + ELLIPSIS


def link(url: str, label: str) -> str:
    """Return a link; `label` is escaped already."""
    address = "".join(ESCAPES.get(letter, letter) for letter in quote(url, safe=IN_ADDRESS))
    return f"<{address}|{label}>"
