"""What templates ask of a site."""

from django import template

from ..models import Site
from ..snippet import Tag, tag_of

register = template.Library()


@register.simple_tag
def site_tag(site: Site) -> Tag:
    """`{% site_tag site as tag %}`: the tag's address, key and text."""
    return tag_of(site)


@register.filter
def site_url(site: Site) -> str:
    """`{{ site|site_url }}`: the first page of the site's first domain; empty where it has none."""
    domain = site.domains.first()
    return f"https://{domain.host}/" if domain else ""
