"""`{% load networks %}`: the sources that pages with places, networks or companies must name, and names of networks."""

from django import template

from apps.networks.attribution import attributions, unknown_because
from apps.networks.labels import network_label

register = template.Library()


@register.inclusion_tag("networks/_credit.html")
def network_credit() -> dict[str, object]:
    """`{% network_credit %}`: the databases' attributions, and what isn't known because one is missing."""
    return {"attributions": attributions(), "unknown_because": unknown_because()}


@register.filter
def network(kind: str, place: str = "") -> str:
    """`{{ visit.network_kind|network:visit.city }}`: Internet provider, Vienna."""
    return network_label(kind, place)
