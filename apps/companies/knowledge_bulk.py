"""One change to what clients know of many companies at once, and how it is undone.

Each client's companies are changed by that client's own knowledge: what another knows of the same ones stays. Companies
that others were merged into are changed as the list shows them: what all of them know together (`knowledge.together`).
What is added is written of the company itself; what is taken back, of each that has it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from apps.agencies.models import Agency, User
from apps.core import clock
from apps.core.errors import Refused
from apps.core.formats import number

from .knowledge.entries import entries_write
from .knowledge.ignoring import companies_ignore, companies_restore
from .knowledge.owner import owner_set
from .knowledge.people import by_id, colleagues
from .knowledge.rows import rows_lock
from .knowledge.tags import tags_change, tags_read
from .knowledge.together import merged_companies
from .knowledge.watching import companies_unwatch, companies_watch, domains_watched
from .models import Company, CompanyClient, TargetAccount

# So many companies at once take some seconds; more are to be narrowed down first.
MOST = 10_000


# Target accounts: domain, name, since when, by whom.
Accounts = tuple[tuple[str, str, datetime, str], ...]


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

    `accounts`: what alone is put on the watchlist, or taken off; empty: companies' own domains, or all that count.
    """

    action: Action
    client_id: int
    company_ids: tuple[int, ...]
    value: str = ""
    accounts: Accounts = ()


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
        into = merged_companies()
        for client_id in sorted(wanted):
            for one in tags or [value]:
                steps, undoing = _planned(Step(action, client_id, wanted[client_id], one), into)
                for step in steps:
                    _do(agency, step, by)
                undo += undoing
    changed = _count(undo, into)
    return Done(_sentence(agency, action, value, tags, changed=changed, count=count), tuple(undo))


def bulk_undo(*, agency: Agency, steps: Sequence[Step], by: User) -> str:
    """Undo what `bulk_do` did; return it as a sentence. May run twice. Whose owner has left is nobody's then."""
    with transaction.atomic():
        for step in reversed(steps):
            _do(agency, _with_owner(agency, step), by)
        count = _count(steps, merged_companies())
    return f"Undone for {_companies(count)}."


def _count(steps: Iterable[Step], into: Mapping[int, int]) -> int:
    """Return how many companies steps are about: what was merged is one."""
    return len({into.get(company_id, company_id) for step in steps for company_id in step.company_ids})


def _with_owner(agency: Agency, step: Step) -> Step:
    is_left = step.action is Action.OWNER and _owner(step.value) not in by_id(
        colleagues(agency, client_id=step.client_id)
    )
    return replace(step, value="") if is_left else step


def _watch_again(step: Step, by: User) -> None:
    """Watch companies as they were watched; one that somebody has put back meanwhile stays as it is."""
    known = _known(step)
    watched = domains_watched(client_id=step.client_id, companies=known)
    TargetAccount.objects.bulk_create(
        [
            TargetAccount(client_id=step.client_id, domain=domain, name=name, added_at=added_at, added_by=added_by)
            for domain, name, added_at, added_by in step.accounts
        ],
        ignore_conflicts=True,
        batch_size=1_000,
    )
    ids = [one.id for one in known if not watched[one.id]]
    entries_write(client_id=step.client_id, company_ids=ids, text="watches it", by=by)


def _watch_no_longer(step: Step, by: User) -> None:
    """Take off what was put on the watchlist, and nothing else."""
    known = _known(step)
    domains = [one[0] for one in step.accounts]
    gone, _ = TargetAccount.objects.filter(client_id=step.client_id, domain__in=domains).delete()
    if gone:
        ids = [one.id for one in known]
        entries_write(client_id=step.client_id, company_ids=ids, text="no longer watches it", by=by)


def _known(step: Step) -> list[Company]:
    """Return those of a step's companies that the client knows, its rows of them locked."""
    rows = rows_lock(client_id=step.client_id, company_ids=step.company_ids)
    return list(Company.objects.filter(id__in=[row.company_id for row in rows]).order_by("id"))


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
        case Action.UNWATCH if step.accounts:
            _watch_no_longer(step, by)
        case _:
            _SIMPLE[step.action](**about)


_SIMPLE: dict[Action, Callable[..., int]] = {
    Action.WATCH: companies_watch,
    Action.UNWATCH: companies_unwatch,
    Action.IGNORE: companies_ignore,
    Action.RESTORE: companies_restore,
}


def _planned(step: Step, into: Mapping[int, int]) -> tuple[list[Step], list[Step]]:
    """Return what is to be done for a step, and what undoes that: of those alone that change. Locks their rows.

    `into`: of each company that was merged, what it was merged into.
    """
    wanted = set(step.company_ids)
    if step.action in (Action.WATCH, Action.UNWATCH):
        return _watching_planned(step)
    away = {one for one, target in into.items() if target in wanted}
    rows = rows_lock(client_id=step.client_id, company_ids=wanted | away)
    if step.action is Action.OWNER:
        return _owner_planned(step, rows)
    if step.action is Action.UNTAG:
        return _untag_planned(step, [row for row in rows if _has(row, step.value)])
    reverse, has = _REVERSE[step.action]
    having = [row.company_id for row in rows if has(row, step.value)]
    if step.action is Action.RESTORE:
        ids = tuple(having)
    else:
        have = {into.get(one, one) for one in having} | set(having)
        ids = tuple(row.company_id for row in rows if row.company_id in wanted - have)
    if not ids:
        return [], []
    return [replace(step, company_ids=ids)], [replace(step, action=reverse, company_ids=ids)]


def _has(row: CompanyClient, tag: str) -> bool:
    return tag.casefold() in {one.casefold() for one in row.tags}


# What undoes each, and whether a row has what it is about.
_REVERSE: dict[Action, tuple[Action, Callable[[CompanyClient, str], bool]]] = {
    Action.TAG: (Action.UNTAG, _has),
    Action.IGNORE: (Action.RESTORE, lambda row, _: row.is_ignored),
    Action.RESTORE: (Action.IGNORE, lambda row, _: row.is_ignored),
}


def _untag_planned(step: Step, rows: Sequence[CompanyClient]) -> tuple[list[Step], list[Step]]:
    """A tag comes back as it was written."""
    before: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        written = next(tag for tag in row.tags if tag.casefold() == step.value.casefold())
        before[written].append(row.company_id)
    undo = [replace(step, action=Action.TAG, company_ids=tuple(ids), value=tag) for tag, ids in before.items()]
    return [replace(step, company_ids=tuple(row.company_id for row in rows))] if rows else [], undo


def _owner_planned(step: Step, rows: Sequence[CompanyClient]) -> tuple[list[Step], list[Step]]:
    """A company's own owner stands before those of what was merged into it; to be nobody's, all have to be."""
    owner_id = _owner(step.value)
    meant = rows if owner_id is None else [row for row in rows if row.company_id in step.company_ids]
    before: dict[int | None, list[int]] = defaultdict(list)
    for row in meant:
        if row.owner_id != owner_id:
            before[row.owner_id].append(row.company_id)
    ids = tuple(row.company_id for row in meant)
    return [replace(step, company_ids=ids)], [
        replace(step, company_ids=tuple(some), value="" if one is None else str(one)) for one, some in before.items()
    ]


def _watching_planned(step: Step) -> tuple[list[Step], list[Step]]:
    known = _known(step)
    watched = domains_watched(client_id=step.client_id, companies=known)
    is_on = step.action is Action.WATCH
    meant = [one for one in known if bool(watched[one.id]) is not is_on]
    if not meant:
        return [], []
    step = replace(step, company_ids=tuple(one.id for one in meant))
    if not is_on:
        accounts = _accounts(step.client_id, set().union(*(watched[one.id] for one in meant)))
        return [step], [replace(step, action=Action.WATCH, accounts=accounts)]
    at = clock.now()
    new = tuple((one.domain, one.name, at, "") for one in meant)
    return [step], [replace(step, action=Action.UNWATCH, accounts=new)]


def _accounts(client_id: int, domains: Iterable[str]) -> Accounts:
    rows = TargetAccount.objects.filter(client_id=client_id, domain__in=domains)
    return tuple(rows.order_by("domain").values_list("domain", "name", "added_at", "added_by"))


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
