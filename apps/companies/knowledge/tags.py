"""Tags of a client's companies: short words of its own, each once, however they are written."""

import unicodedata
from collections.abc import Iterable, Sequence

from django.db import connection, transaction

from apps.agencies.models import User
from apps.core.errors import Refused

from ..models import CompanyClient
from .entries import entries_write
from .rows import rows_lock

LONGEST_TAG = 40
MOST_TAGS = 20

_KNOWN = """
SELECT tag, count(*) FROM company_client, unnest(tags) AS tag WHERE client_id = %s GROUP BY tag ORDER BY tag
"""


def tag_read(text: str) -> str:
    """Return a tag as it is kept: trimmed, single spaces. Raises Refused where it is none.

    Commas part tags where several are written at once.
    """
    tag = " ".join(unicodedata.normalize("NFC", text).split())
    if not tag:
        raise Refused("A tag needs a word.")
    if len(tag) > LONGEST_TAG:
        raise Refused(f"“{tag[:LONGEST_TAG]}…” is too long: a tag has up to {LONGEST_TAG} characters.")
    if "," in tag or not tag.isprintable():
        raise Refused("A tag is written without commas and control characters.")
    return tag


def tags_read(text: str) -> list[str]:
    """Return the tags that are written with commas between them. Raises Refused where one of them is none."""
    return [tag_read(part) for part in text.split(",") if part.strip()]


def tags_change(
    *, client_id: int, company_ids: Iterable[int], by: User, add: Sequence[str] = (), remove: Sequence[str] = ()
) -> int:
    """Add tags to companies of a client and take others away; return how many companies changed. May run twice.

    Capitals don't tell tags apart: a tag that the client writes "DACH" stays so for whoever types "dach". Raises
    Refused where one is no tag, or a company would have too many; then nothing has changed.
    """
    wanted = [tag_read(tag) for tag in add]
    gone = {tag_read(tag).casefold() for tag in remove}
    with transaction.atomic():
        spelled = {tag.casefold(): tag for tag in reversed(list(tags_known(client_id=client_id)))}
        wanted = list({tag.casefold(): spelled.get(tag.casefold(), tag) for tag in reversed(wanted)}.values())[::-1]
        changed = []
        for row in rows_lock(client_id=client_id, company_ids=company_ids):
            tags = _changed(row.tags, wanted, gone)
            if tags != row.tags:
                row.tags = tags
                changed.append(row)
        CompanyClient.objects.bulk_update(changed, ["tags"])
        ids = [row.company_id for row in changed]
        entries_write(client_id=client_id, company_ids=ids, text=_words(wanted, list(remove)), by=by)
    return len(changed)


def tags_known(*, client_id: int) -> dict[str, int]:
    """Return the client's tags with how many companies have each, by the alphabet. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [client_id])
        counted = dict(cursor.fetchall())
    return {tag: counted[tag] for tag in sorted(counted, key=_alphabet)}


def _changed(tags: Sequence[str], add: Sequence[str], gone: set[str]) -> list[str]:
    kept = {tag.casefold(): tag for tag in tags if tag.casefold() not in gone}
    for tag in add:
        kept.setdefault(tag.casefold(), tag)
    if len(kept) > max(MOST_TAGS, len(tags)):
        raise Refused(f"A company has up to {MOST_TAGS} tags: take one away first.")
    return sorted(kept.values(), key=_alphabet)


def _alphabet(tag: str) -> tuple[str, str]:
    return tag.casefold(), tag


def _words(added: Sequence[str], removed: Sequence[str]) -> str:
    said = [f"added {_listed(added)}"] if added else []
    said += [f"took away {_listed(removed)}"] if removed else []
    return " and ".join(said)


def _listed(tags: Sequence[str]) -> str:
    return f"the tag{'' if len(tags) == 1 else 's'} {', '.join(f'“{tag}”' for tag in tags)}"
