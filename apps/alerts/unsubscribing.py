"""The link that ends a mail: signed, without a login, on the public host. A GET shows a button, a POST does it.

RFC 8058: mail programs post to the same address by themselves, without cookies and without asking.
"""

from dataclasses import dataclass

from django.core import signing
from django.urls import reverse

from apps.agencies.hosts import public_url
from apps.agencies.models import Agency
from apps.core.tenancy import in_schema
from apps.sites.models import Site

from .models import Subscription

SALT = "alerts.unsubscribe"


class LinkBroken(Exception):
    """Nobody of us wrote this link."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Whose mail of which kind a link ends. `agency` None: it is gone."""

    agency: Agency | None
    user_id: int
    site_id: int
    kind: Subscription.Kind


def unsubscribe_url(*, agency: Agency, user_id: int, site_id: int, kind: str) -> str:
    token = signing.dumps([agency.id, user_id, site_id, kind], salt=SALT)
    # Reversed by the public host's addresses, from wherever the mail is written.
    return public_url(reverse("alerts-unsubscribe", args=[token], urlconf="config.urls_public"))


def ending_read(token: str) -> Ending:
    """Return what a link ends. It never runs out: mails are kept for years. Raises LinkBroken."""
    try:
        agency_id, user_id, site_id, kind = signing.loads(token, salt=SALT)
        known = Subscription.Kind(kind)
    except (signing.BadSignature, ValueError, TypeError):
        raise LinkBroken from None
    agency = Agency.objects.filter(id=agency_id).first()  # a closed one may open again
    return Ending(agency, user_id, site_id, known)


def site_name(ending: Ending) -> str:
    """Return the site that the mails are about; empty where it is gone."""
    if ending.agency is None:
        return ""
    with in_schema(str(ending.agency.schema_name)):
        return Site.objects.filter(id=ending.site_id).values_list("name", flat=True).first() or ""


def end(ending: Ending) -> None:
    """End the mails. May run twice."""
    if ending.agency is None:
        return
    with in_schema(str(ending.agency.schema_name)):
        Subscription.objects.filter(user_id=ending.user_id, site_id=ending.site_id, kind=ending.kind).delete()
