"""One change to what clients know of many companies at once, and how it is undone.

Each client's companies are changed by that client's own knowledge: what another knows of the same ones stays.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from apps.agencies.models import Agency, User
from apps.core.errors import Refused
from apps.core.formats import number

from .knowledge.ignoring import companies_ignore, companies_restore
from .knowledge.owner import owner_set
from .knowledge.people import by_id, colleagues
from .knowledge.rows import rows_lock
from .knowledge.tags import tags_change, tags_read
from .knowledge.watching import companies_unwatch, companies_watch
from .models import Company, CompanyClient, TargetAccount

# So many companies at once take some seconds; more are to be narrowed down first.
MOST = 10_000


class Action(StrEnum):
    """What is done; the value stands in forms."""

    TAG = "tag"
    UNTAG = "untag"
    OWNER = "owner"
    WATCH = "watch"
    UNWATCH = "unwatch"
    IGNORE = "ignore"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Step:
    """One action on companies of one client. `value`: a tag, or an owner's number (empty: nobody).

    `accounts`: what target accounts that are watched again were: domain, name, since when, by whom.
    """

    action: Action
    client_id: int
    company_ids: tuple[int, ...]
    value: str = ""
    accounts: tuple[tuple[str, str, datetime, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, as a sentence, and what undoes it: nothing where nothing has changed."""

    sentence: str
    undo: tuple[Step, ...]


def bulk_do(*, agency: Agency, companies: Mapping[int, Iterable[int]], action: Action, value: str, by: User) -> Done:
    """Do something with these companies, given by client; those that a client doesn't know are left out.

    `value`: tags with commas between them; an owner's number, empty for nobody. All of it or nothing. May run twice:
    what is so already stays. Raises Refused, in words, for a bad value and for more than MOST companies.
    """
    wanted = {client_id: tuple(sorted(set(ids))) for client_id, ids in companies.items()}
    count = len({company_id for ids in wanted.values() for company_id in ids})
    if not count:
        raise Refused("Choose some companies first.")
    if count > MOST:
        raise Refused(
            f"Up to {number(MOST)} companies are changed at once, these are {number(count)}: filter them first."
        )
    tags = tags_read(value) if action in (Action.TAG, Action.UNTAG) else []
    if action in (Action.TAG, Action.UNTAG) and not tags:
        raise Refused("Write which tag; several have commas between them.")
    if action is Action.OWNER:
        _owner(value)
    undo: list[Step] = []
    with transaction.atomic():
        for client_id in sorted(wanted):
            for one in tags or [value]:
                step = Step(action, client_id, wanted[client_id], one)
                undo += _undoing(step)
                _do(agency, step, by)
    changed = {company_id for step in undo for company_id in step.company_ids}
    return Done(_sentence(agency, action, value, tags, changed=len(changed), count=count), tuple(undo))


def bulk_undo(*, agency: Agency, steps: Sequence[Step], by: User) -> str:
    """Undo what `bulk_do` did; return it as a sentence. May run twice. Whose owner has left is nobody's then."""
    with transaction.atomic():
        for step in reversed(steps):
            _do(agency, _with_owner(agency, step), by)
    count = len({company_id for step in steps for company_id in step.company_ids})
    return f"Undone for {_companies(count)}."


def _with_owner(agency: Agency, step: Step) -> Step:
    is_left = step.action is Action.OWNER and _owner(step.value) not in by_id(
        colleagues(agency, client_id=step.client_id)
    )
    return replace(step, value="") if is_left else step


def _watch_again(step: Step, by: User) -> None:
    """Watch companies as they were watched; one that somebody has put back meanwhile stays as it is."""
    rows = TargetAccount.objects.filter(client_id=step.client_id)
    rows_lock(client_id=step.client_id, company_ids=step.company_ids)
    there = set(rows.filter(domain__in=[one[0] for one in step.accounts]).values_list("domain", flat=True))
    companies_watch(client_id=step.client_id, company_ids=step.company_ids, by=by)
    before = {account[0]: account for account in step.accounts if account[0] not in there}
    again = list(rows.filter(domain__in=list(before)))
    for row in again:
        _, row.name, row.added_at, row.added_by = before[row.domain]
    TargetAccount.objects.bulk_update(again, ["name", "added_at", "added_by"], batch_size=1_000)


def _do(agency: Agency, step: Step, by: User) -> None:
    about = {"client_id": step.client_id, "company_ids": step.company_ids, "by": by}
    match step.action:
        case Action.TAG:
            tags_change(client_id=step.client_id, company_ids=step.company_ids, by=by, add=[step.value])
        case Action.UNTAG:
            tags_change(client_id=step.client_id, company_ids=step.company_ids, by=by, remove=[step.value])
        case Action.OWNER:
            owner_set(
                agency=agency,
                client_id=step.client_id,
                company_ids=step.company_ids,
                user_id=_owner(step.value),
                by=by,
            )
        case Action.WATCH if step.accounts:
            _watch_again(step, by)
        case _:
            _SIMPLE[step.action](**about)


_SIMPLE: dict[Action, Callable[..., int]] = {
    Action.WATCH: companies_watch,
    Action.UNWATCH: companies_unwatch,
    Action.IGNORE: companies_ignore,
    Action.RESTORE: companies_restore,
}


def _undoing(step: Step) -> list[Step]:
    """Return what undoes a step: for those companies alone that it changes. Locks their rows, in the transaction."""
    rows = rows_lock(client_id=step.client_id, company_ids=step.company_ids)
    if step.action is Action.OWNER:
        return _owners_before(step, rows)
    if step.action is Action.UNTAG:
        return _tags_before(step, rows)
    reverse, changes = _REVERSE[step.action]
    ids = tuple(row.company_id for row in rows if changes(row, step.value))
    if step.action in (Action.WATCH, Action.UNWATCH):
        ids = _watched(step.client_id, ids, is_watched=step.action is Action.UNWATCH)
    accounts = _accounts(step.client_id, ids) if step.action is Action.UNWATCH else ()
    return [Step(reverse, step.client_id, ids, step.value, accounts)] if ids else []


def _accounts(client_id: int, company_ids: Sequence[int]) -> tuple[tuple[str, str, datetime, str], ...]:
    domains = Company.objects.filter(id__in=company_ids).values("domain")
    rows = TargetAccount.objects.filter(client_id=client_id, domain__in=domains)
    return tuple(rows.order_by("domain").values_list("domain", "name", "added_at", "added_by"))


def _has(row: CompanyClient, tag: str) -> bool:
    return tag.casefold() in {one.casefold() for one in row.tags}


_REVERSE: dict[Action, tuple[Action, Callable[[CompanyClient, str], bool]]] = {
    Action.TAG: (Action.UNTAG, lambda row, tag: not _has(row, tag)),
    Action.WATCH: (Action.UNWATCH, lambda row, _: True),
    Action.UNWATCH: (Action.WATCH, lambda row, _: True),
    Action.IGNORE: (Action.RESTORE, lambda row, _: not row.is_ignored),
    Action.RESTORE: (Action.IGNORE, lambda row, _: row.is_ignored),
}


def _tags_before(step: Step, rows: Sequence[CompanyClient]) -> list[Step]:
    """As each company has the tag written."""
    before: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        for tag in row.tags:
            if tag.casefold() == step.value.casefold():
                before[tag].append(row.company_id)
    return [Step(Action.TAG, step.client_id, tuple(ids), tag) for tag, ids in before.items()]


def _owners_before(step: Step, rows: Sequence[CompanyClient]) -> list[Step]:
    before: dict[int | None, list[int]] = defaultdict(list)
    for row in rows:
        if row.owner_id != _owner(step.value):
            before[row.owner_id].append(row.company_id)
    return [
        Step(Action.OWNER, step.client_id, tuple(ids), "" if owner_id is None else str(owner_id))
        for owner_id, ids in before.items()
    ]


def _watched(client_id: int, company_ids: Sequence[int], *, is_watched: bool) -> tuple[int, ...]:
    domains = dict(Company.objects.filter(id__in=company_ids).values_list("domain", "id"))
    rows = TargetAccount.objects.filter(client_id=client_id, domain__in=list(domains))
    there = {domains[domain] for domain in rows.values_list("domain", flat=True)}
    return tuple(company_id for company_id in company_ids if (company_id in there) is is_watched)


def _owner(value: str) -> int | None:
    if value and not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise Refused("Choose an owner from the list.")
    return int(value) if value else None


def _sentence(agency: Agency, action: Action, value: str, tags: Sequence[str], *, changed: int, count: int) -> str:
    if not changed:
        return f"{_companies(count)}: that is so already."
    rest = f"; {number(count - changed)} more were so already" if changed < count else ""
    return f"{_said(agency, action, value, tags, changed)}{rest}."


def _said(agency: Agency, action: Action, value: str, tags: Sequence[str], changed: int) -> str:
    named, which = ", ".join(f"“{tag}”" for tag in tags), _companies(changed)
    is_one = changed == 1
    match action:
        case Action.TAG:
            return f"Tagged {which} {named}"
        case Action.UNTAG:
            return f"Took {named} from {which}"
        case Action.OWNER if value:
            return f"Gave {which} to {_member(agency, value)}"
        case Action.OWNER:
            return f"{which} {'has' if is_one else 'have'} no owner now"
        case Action.WATCH:
            return f"Put {which} on the watchlist"
        case Action.UNWATCH:
            return f"Took {which} off the watchlist"
        case Action.IGNORE:
            return f"{which} {'is' if is_one else 'are'} ignored from now on"
        case Action.RESTORE:
            return f"Brought {which} back"


def _member(agency: Agency, value: str) -> str:
    member = agency.memberships.select_related("user").filter(user_id=int(value)).first()
    return str(member.user) if member else "a member"


def _companies(count: int) -> str:
    return f"{number(count)} compan{'y' if count == 1 else 'ies'}"
