"""Who may watch: a socket brings a host and a session cookie, and must stand the same tests as a page."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user
from django.http import Http404, HttpRequest

from apps.agencies.models import Domain, Membership, User
from apps.agencies.sessions import SessionStore
from apps.core.tenancy import in_schema
from apps.sites.access import sites_visible


@dataclass(frozen=True, slots=True)
class Watch:
    """A site that a member may watch."""

    schema: str
    site_id: int
    slug: str
    zone: ZoneInfo


def watch_or_404(*, host: str, session_key: str, slug: str) -> Watch:
    """Return what may be watched. Raises Http404 for a stranger, an outsider and a member who may not see the site.

    To be called in the public schema. Five queries. The session is read each time: who has logged out is a stranger.
    """
    domain = Domain.objects.select_related("tenant").filter(domain=host, tenant__is_active=True).first()
    user = _user(session_key)
    if domain is None or user is None:
        raise Http404
    membership = Membership.objects.filter(user=user, agency=domain.tenant).first()
    if membership is None:
        raise Http404
    schema = str(domain.tenant.schema_name)
    with in_schema(schema):
        site = sites_visible(membership).filter(slug=slug).first()
    if site is None:
        raise Http404
    return Watch(schema=schema, site_id=site.id, slug=site.slug, zone=ZoneInfo(site.time_zone))


def _user(session_key: str) -> User | None:
    """Return whose session this is; None for a session that is over, or older than the password."""
    request = HttpRequest()
    request.session = SessionStore(session_key or None)
    user = get_user(request)
    return user if isinstance(user, User) else None
