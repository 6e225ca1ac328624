"""What an event says of its visitor's company, beside the network: an e-mail's domain, or a link's parameter. Pure."""

from urllib.parse import unquote_plus

from apps.tracking.envelope import EventIn

from .page_url import plain_name

# A value is a short word that somebody has made up; what is longer isn't one.
LONGEST_VALUE = 100


def tells_company(event: EventIn, parameter: str) -> bool:
    """Return whether matching has to look at the event's visit. `parameter`: the site's, empty where it has none."""
    return bool(event.email_domain) or bool(parameter and event.query and parameter_value(event.query, parameter))


def parameter_value(query: str, parameter: str) -> str:
    """Return the value of a parameter (in lower case) of a stored query, in lower case; empty where it has none."""
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if plain_name(name.lower()) == parameter and (said := unquote_plus(value).strip().lower()):
            return said if len(said) <= LONGEST_VALUE else ""
    return ""
