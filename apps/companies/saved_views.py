"""Saved views of the list of companies: an address under a name, one's own or shared with those who see the site.

A view of all sites may speak of any client: shared, it is there for those alone who see all clients. One that is about
a site is there for whoever may see that site, and its address asks for nothing but that site's list.
"""

from collections.abc import Sequence

from django.db.models import Q, QuerySet
from django.http import QueryDict

from apps.agencies.models import Membership
from apps.agencies.roles import Permission
from apps.core import clock
from apps.core.errors import Refused

from .models import SavedView

LONGEST_NAME = 60
LONGEST_QUERY = 4_000
MOST_OWN = 50
# What makes a view; a page's number and what is downloaded don't.
PARAMETERS = ("view", "q", "f", "sort", "cols", "period", "from", "to")


def saved_views(*, member: Membership, site_id: int | None) -> Sequence[SavedView]:
    """Return a member's views of a site's list (None: of all sites) and those shared with them, by name. One query."""
    return list(_visible(member, site_id).order_by("name", "id"))


def saved_view(*, member: Membership, site_id: int | None, view_id: int) -> SavedView | None:
    """Return a view that the member may see there; None where there is none. One query."""
    return _visible(member, site_id).filter(id=view_id).first()


def saved_view_make(
    *, member: Membership, site_id: int | None, name: str, query: QueryDict, is_shared: bool
) -> SavedView:
    """Save a view. The same name again is the same view, with what is shown now. Raises Refused for a bad name."""
    name, text = name_read(name), query_kept(query)
    if len(text) > LONGEST_QUERY:
        raise Refused("This view asks for too much to be saved: take some filters away.")
    own = SavedView.objects.filter(owner_id=member.user_id, site_id=site_id)
    same = own.filter(name=name).first()
    if same is not None:
        same.query, same.is_shared = text, is_shared
        same.save(update_fields=["query", "is_shared"])
        return same
    if own.count() >= MOST_OWN:
        raise Refused(f"You have {MOST_OWN} views here, which is as many as there can be: delete one first.")
    return SavedView.objects.create(
        name=name,
        site_id=site_id,
        owner_id=member.user_id,
        is_shared=is_shared,
        query=text,
        created_at=clock.now(),
    )


def saved_view_change(*, member: Membership, view: SavedView, name: str, is_shared: bool) -> None:
    """Rename a view, share it or no longer. Raises Refused for a bad name and another's view."""
    _require_may_change(member, view)
    view.name, view.is_shared = name_read(name), is_shared
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


def _visible(member: Membership, site_id: int | None) -> QuerySet[SavedView]:
    rows = SavedView.objects.filter(site_id=site_id)
    own = Q(owner_id=member.user_id)
    sees_all = site_id is not None or member.client_ids is None
    return rows.filter(own | Q(is_shared=True)) if sees_all else rows.filter(own)


def _require_may_change(member: Membership, view: SavedView) -> None:
    if not may_change(member, view):
        raise Refused("This view is somebody else’s: only they and managers change it.")
