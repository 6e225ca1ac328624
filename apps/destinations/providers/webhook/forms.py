"""What to fill in for a webhook."""

from urllib.parse import SplitResult, urlsplit, urlunsplit

from django import forms
from django.utils.encoding import iri_to_uri, punycode

from apps.core.outbound import LOCAL_NAMES, is_public, literal

from ..base import SettingsForm
from .signing import secret_make, secret_read


class WebhookForm(SettingsForm):
    secret_fields = frozenset({"secret"})
    steps = (
        "Make an address at the receiver (a webhook trigger in n8n or Zapier, a route of your own) and put it here.",
        "Save: Beacon makes a signing secret and shows it once. Copy it to the receiver, which checks each request by "
        "it: docs/webhooks.md has the few lines that this takes in Python and Node.",
        "Send a test, and look at what came.",
        "To change the secret, have a new one made: for 24 hours both sign, so put the new one into the receiver "
        "within a day, and nothing is lost.",
    )
    help_urls = {"secret": "https://www.standardwebhooks.com"}

    url = forms.URLField(
        label="Address",
        max_length=500,
        assume_scheme="https",
        help_text="Where Beacon sends each conversion by POST. It begins with https:// and is open to the internet.",
    )
    secret = forms.CharField(
        label="Signing secret",
        required=False,
        max_length=200,
        help_text=(
            "Leave it empty to have one made, which is shown once. Enter one (whsec_…) only where the receiver has it "
            "already. After a change the one before signs along for 24 hours."
        ),
    )

    def clean_url(self) -> str:
        parts = urlsplit(self.cleaned_data["url"])
        if parts.scheme != "https":
            raise forms.ValidationError("The address has to begin with https://, so that nobody reads along.")
        if parts.username or parts.password:
            raise forms.ValidationError("Leave out the name and password before the @; requests are signed instead.")
        host = _host(parts)
        address = literal(host)
        if host == "localhost" or host.endswith(LOCAL_NAMES) or (address is not None and not is_public(address)):
            raise forms.ValidationError(f"{host} is inside a private network, where Beacon sends nothing.")
        port = f":{parts.port}" if parts.port else ""
        netloc = f"[{host}]{port}" if ":" in host else host + port
        url = urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))
        return str(iri_to_uri(url))

    def clean_secret(self) -> str:
        secret: str = self.cleaned_data["secret"].strip()
        if not secret and self.has_secrets:
            return ""
        if not secret:
            secret = secret_make()
        try:
            secret_read(secret)
        except ValueError as error:
            raise forms.ValidationError(f"{error}.") from None
        return secret


def _host(parts: SplitResult) -> str:
    """Return the host as requests name it. Raises ValidationError for one that can't be, or a port that is none."""
    try:
        host, _ = punycode((parts.hostname or "").rstrip(".").lower()), parts.port
    except ValueError:
        raise forms.ValidationError("That isn’t the address of a host. Copy it from the receiver anew.") from None
    return host
