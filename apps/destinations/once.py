"""Forms that make something: once, however often the same page is sent, as by a double click while the answer is slow.

The page carries a word of its own. With all that was filled in it becomes the key of what is made, which the database
keeps unique: the same sent again finds it, something else filled in on the same page makes another.
"""

import uuid
from urllib.parse import urlencode

from django.http import QueryDict

FIELD = "once"
ASIDE = (FIELD, "csrfmiddlewaretoken")


def once_word(sent: QueryDict | None) -> str:
    """Return the word for a page: that with which it was sent, where it is shown again, else a new one."""
    return str((_word(sent) if sent is not None else None) or uuid.uuid4())


def form_key(sent: QueryDict) -> uuid.UUID | None:
    """Return the key of what a sent form makes; None for a form without a word, which makes it each time."""
    word = _word(sent)
    if word is None:
        return None
    filled = sorted((name, texts) for name, texts in sent.lists() if name not in ASIDE)
    return uuid.uuid5(word, urlencode(filled, doseq=True))


def _word(sent: QueryDict) -> uuid.UUID | None:
    try:
        return uuid.UUID(sent.get(FIELD, ""))
    except ValueError:
        return None
