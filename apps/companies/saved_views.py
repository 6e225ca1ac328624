"""Saved views of the list of companies: an address under a name, one's own or shared with those who see the site.

A view of all sites may speak of any client: shared, it is there for those alone who see all clients. One that is about
a site is there for whoever may see that site, and its address asks for nothing but that site's list. Its name and its
filters may speak of the site's client: it is hidden while the site is another's.
"""

from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.http import QueryDict

from apps.agencies.models import Membership
from apps.agencies.roles import Permission
from apps.core import clock
from apps.core.errors import Refused
from apps.core.tenancy import current_schema
from apps.sites.models import Site

from .models import SavedView

LONGEST_NAME = 60
LONGEST_QUERY = 4_000
MOST_OWN = 50
# What makes a view; a page's number and what is downloaded don't.
PARAMETERS = ("view", "q", "f", "sort", "cols", "period", "from", "to")


def saved_views(*, member: Membership, site: Site | None) -> Sequence[SavedView]:
    """Return a member's views of a site's list (None: of all sites) and those shared with them, by name. One query."""
    return list(_visible(member, site).order_by("name", "id"))


def saved_view(*, member: Membership, site: Site | None, view_id: int) -> SavedView | None:
    """Return a view that the member may see there; None where there is none. One query."""
    return _visible(member, site).filter(id=view_id).first()


def saved_view_make(
    *, member: Membership, site: Site | None, name: str, query: QueryDict, is_shared: bool
) -> SavedView:
    """Save a view. One's own name again is the same view, with what is shown now.

    Raises Refused for a bad name, and for that of somebody else's view which the member sees there.
    """
    name, text = name_read(name), query_kept(query)
    if len(text) > LONGEST_QUERY:
        raise Refused("This view asks for too much to be saved: take some filters away.")
    with transaction.atomic():
        there = _names_lock(member, site)
        same = there.get(name.casefold())
        if same is not None and same.owner_id == member.user_id:
            same.name, same.query, same.is_shared = name, text, is_shared
            same.save(update_fields=["name", "query", "is_shared"])
            return same
        if same is not None:
            raise _taken(same)
        if sum(view.owner_id == member.user_id for view in there.values()) >= MOST_OWN:
            raise Refused(f"You have {MOST_OWN} views here, which is as many as there can be: delete one first.")
        return SavedView.objects.create(
            name=name,
            site_id=site.id if site else None,
            client_id=site.client_id if site else None,
            owner_id=member.user_id,
            is_shared=is_shared,
            query=text,
            created_at=clock.now(),
        )


def saved_view_change(*, member: Membership, site: Site | None, view: SavedView, name: str, is_shared: bool) -> None:
    """Rename a view, share it or no longer. Raises Refused for a bad name, a name that is taken, and another's view."""
    _require_may_change(member, view)
    name = name_read(name)
    with transaction.atomic():
        same = _names_lock(member, site).get(name.casefold())
        if same is not None and same.id != view.id:
            raise _taken(same)
        view.name, view.is_shared = name, is_shared
        view.save(update_fields=["name", "is_shared"])


def saved_view_delete(*, member: Membership, view: SavedView) -> None:
    """Delete a view for all who see it. Raises Refused for another's."""
    _require_may_change(member, view)
    view.delete()


def may_change(member: Membership, view: SavedView) -> bool:
    """Return whether it is the member's own; a shared one is a manager's, too, since its owner may have left."""
    if view.owner_id == member.user_id:
        return member.may(Permission.EXPORT)
    return view.is_shared and member.may(Permission.MANAGE_RULES)


def query_kept(query: QueryDict) -> str:
    """Return what of an address makes a view, always in one order, so that equal views are equal texts."""
    kept = QueryDict(mutable=True)
    for name in PARAMETERS:
        if values := [value for value in query.getlist(name) if value]:
            kept.setlist(name, values)
    return kept.urlencode()


def name_read(text: str) -> str:
    """Return a name as it is kept. Raises Refused where it is none."""
    name = " ".join(text.split())
    if not name:
        raise Refused("A view needs a name.")
    if len(name) > LONGEST_NAME:
        raise Refused(f"A view’s name has up to {LONGEST_NAME} characters, this one {len(name)}.")
    if not name.isprintable():
        raise Refused("A view’s name has a character that can’t be shown: write it anew.")
    return name


def _visible(member: Membership, site: Site | None) -> QuerySet[SavedView]:
    rows = SavedView.objects.filter(site_id=site.id if site else None)
    if site is not None:
        rows = rows.filter(Q(client_id=site.client_id) | Q(client_id=None))
    own = Q(owner_id=member.user_id)
    sees_all = site is not None or member.client_ids is None
    return rows.filter(own | Q(is_shared=True)) if sees_all else rows.filter(own)


def _names_lock(member: Membership, site: Site | None) -> dict[str, SavedView]:
    """Return the views that the member sees there, by their names however written; who names another waits.

    Two that were saved under one name by older code are both there: the member's own stands for them.
    """
    with connection.cursor() as cursor:
        lock = f"{current_schema()} company views"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s), %s)", [lock, (site.id if site else 0) % 2**31])
    views = sorted(_visible(member, site), key=lambda view: view.owner_id == member.user_id)
    return {view.name.casefold(): view for view in views}


def _taken(view: SavedView) -> Refused:
    return Refused(f"There is a view “{view.name}” here already: choose another name, or delete that one first.")


def _require_may_change(member: Membership, view: SavedView) -> None:
    if not may_change(member, view):
        raise Refused("This view is somebody else’s: only they and managers change it.")
