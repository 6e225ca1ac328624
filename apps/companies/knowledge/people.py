"""Members of the agency who may see a client: who owns its companies, who can be mentioned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apps.agencies.models import Agency, Membership
from apps.agencies.selectors import team_of


@dataclass(frozen=True, slots=True)
class Colleague:
    """A member as colleagues know them."""

    id: int  # the user's
    name: str
    email: str


def colleagues(agency: Agency, *, client_id: int) -> list[Colleague]:
    """Return the members who may see the client, by name. One query.

    Whoever has left, or sees other clients only, is none: what they owned has no owner while that is so.
    """
    found = [
        Colleague(member.user_id, str(member.user), member.user.email)
        for member in team_of(agency)
        if member.user.is_active and sees_client(member, client_id)
    ]
    return sorted(found, key=lambda one: (one.name.casefold(), one.id))


def sees_client(member: Membership, client_id: int) -> bool:
    return member.client_ids is None or client_id in member.client_ids


def by_id(people: Sequence[Colleague]) -> Mapping[int, Colleague]:
    return {one.id: one for one in people}
