"""`/s/<site>/destinations/new…` and a destination's own page: making, changing, switching and removing it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.forms import BoundField, ChoiceField
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.core import clock
from apps.core.errors import Refused
from apps.sites.access import site_or_404
from apps.sites.models import Goal, Site

from ..access import destination_or_404, provider_or_404
from ..ages import age_words
from ..archived import is_archived
from ..consent import WITHOUT_CONSENT
from ..forms import DestinationForm
from ..masking import address_masked
from ..missed import missed_of
from ..models import Delivery, Destination
from ..once import form_key, once_word
from ..providers.base import Provider, SettingsForm
from ..providers.registry import PROVIDERS, provider_of
from ..services import (
    destination_archive,
    destination_change,
    destination_create,
    destination_switch,
    secret_rotate,
    secrets_retiring,
)
from ..targets import secrets_held
from ..words import health_of, rule_words

State = Delivery.State
# For so long a form that is sent again shows the secret that it has made.
SHOWN_AGAIN = timedelta(minutes=10)
OPEN = (State.WAITING, State.SENDING)
ARRIVED = (State.RECEIVED, State.CONFIRMED)


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A provider's field as the form shows it. `hint`: what may be shown of the secret that is kept."""

    field: BoundField
    is_secret: bool
    help_url: str
    hint: str = ""

    @property
    def is_choice(self) -> bool:
        """Whether its values are listed: there is nothing to be found elsewhere."""
        return isinstance(self.field.field, ChoiceField)


@require_safe
@never_cache
def choose(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the providers there are, and how many destinations of each the site has."""
    site = site_or_404(request, slug, Permission.MANAGE_RULES)
    there = Counter(Destination.objects.filter(site_id=site.id, archived_at=None).values_list("provider", flat=True))
    cards = [
        {
            "provider": provider,
            "url": reverse("destinations:new-of", args=[site.slug, provider.key]),
            "count": there[provider.key],
        }
        for provider in PROVIDERS.values()
    ]
    return render(request, "destinations/choose.html", {"site": site, "cards": cards})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def create(request: HttpRequest, slug: str, provider: str) -> HttpResponse:
    """Set a destination up: the provider's steps and fields. Goes on to its first rule."""
    site = site_or_404(request, slug, Permission.MANAGE_RULES)
    kind = provider_of(provider)
    if kind is None:
        raise Http404
    data = request.POST if request.method == "POST" else None
    common = DestinationForm(data, initial={"name": kind.label})
    form = kind.form_class(data)
    # Both are asked, so that both say what is wrong.
    is_valid = all([common.is_valid(), form.is_valid()]) if data is not None else False
    if is_valid:
        settings, secrets = _parted(form)
        try:
            made = destination_create(
                site_id=site.id,
                provider=kind.key,
                name=common.cleaned_data["name"],
                settings=settings,
                secrets=secrets,
                is_test_mode=common.cleaned_data["is_test_mode"],
                user_name=str(agency_request(request).user),
                form_key=form_key(request.POST),
            )
        except Refused as refusal:
            common.add_error(None, str(refusal))
        else:
            next_url = reverse("destinations:rule-new", args=[site.slug, made.id])
            if shown_once := _made_with(made, form):
                return _secret_page(request, site, made, shown_once, next_url=next_url)
            messages.success(request, f"{made.name} is set up. Say now what goes there.")
            return HttpResponseRedirect(next_url)
    return _form_page(request, site, kind, common, form)


@require_safe
@never_cache
def destination(request: HttpRequest, slug: str, destination_id: int) -> HttpResponse:
    """Show a destination: how it is, by which rules it gets what, and what can be done with it."""
    site, found = destination_or_404(request, slug, destination_id, Permission.READ)
    kind = provider_of(found.provider)
    goal_names = dict(Goal.objects.filter(site=site).values_list("id", "name"))
    rules = list(found.rules.filter(is_on=True).order_by("id"))
    last = Delivery.objects.filter(destination=found, is_test=False, received_at__isnull=False)
    withheld = Delivery.objects.filter(destination=found, state=State.WITHHELD)
    context: dict[str, Any] = {
        "site": site,
        "destination": found,
        "provider": kind,
        "membership": agency_request(request).membership,
        "may_edit": agency_request(request).membership.may(Permission.MANAGE_RULES),
        "waiting": _waiting(found),
        "withheld": withheld.count(),
        "without_consent": withheld.filter(reason__in=WITHOUT_CONSENT).count(),
        "last_at": last.order_by("-received_at").values_list("received_at", flat=True).first(),
        "log_url": f"{reverse('destinations:page', args=[site.slug])}?destination={found.id}",
    }
    if context["may_edit"]:
        context |= {
            "remove_url": _url("remove", site, found),
            "remove_title": f"Remove {found.name}?",
            "remove_text": REMOVE_TEXT,
            "remove_what": removed_what(found),
        }
    if kind is not None:
        context |= {
            "health": health_of(
                found, kind, now=clock.now(), has_rules=bool(rules), is_site_archived=is_archived(site)
            ),
            "described": kind.describe(found.settings),
            "rules": [(rule, rule_words(rule, goal_names, kind)) for rule in rules],
            "settings": _settings_shown(kind, found, shows_address=bool(context["may_edit"])),
            "retiring": secrets_retiring(found),
            "oldest": age_words(kind.max_age),
            "missed": missed_of(site, found, kind, now=clock.now()),
        }
    return render(request, "destinations/destination.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def edit(request: HttpRequest, slug: str, destination_id: int) -> HttpResponse:
    """Change a destination's settings. A secret that is left empty stays as it was."""
    site, found = destination_or_404(request, slug, destination_id, Permission.MANAGE_RULES)
    kind = provider_or_404(found)
    data = request.POST if request.method == "POST" else None
    common = DestinationForm(data, initial={"name": found.name, "is_test_mode": found.is_test_mode})
    # Where the server's key isn't theirs any more there are none: all have to be entered again.
    form = kind.form_class(data, initial=found.settings, has_secrets=bool(secrets_held(found)))
    is_valid = all([common.is_valid(), form.is_valid()]) if data is not None else False
    if not is_valid:
        return _form_page(request, site, kind, common, form, destination=found)
    settings, secrets = _parted(form)
    destination_change(
        destination=found,
        name=common.cleaned_data["name"],
        settings=settings,
        secrets=secrets,
        is_test_mode=common.cleaned_data["is_test_mode"],
    )
    if shown_once := _made_here(form):
        return _secret_page(request, site, found, shown_once, next_url=_url("destination", site, found))
    what = "What was held up is tried with it at once." if found.is_on else "It is off: nothing is sent to it."
    messages.success(request, f"{found.name} is changed. {what}")
    return HttpResponseRedirect(_url("destination", site, found))


@require_POST
def state(request: HttpRequest, slug: str, destination_id: int) -> HttpResponse:
    """Switch a destination on or off (`state`)."""
    site, found = destination_or_404(request, slug, destination_id, Permission.MANAGE_RULES)
    wanted = request.POST.get("state")
    if wanted in ("on", "off"):
        destination_switch(destination=found, is_on=wanted == "on")
        meanwhile = "" if found.is_on else " What happened while it was off didn’t go there: a replay sends it."
        done = f"is on: what is due goes now.{meanwhile}" if wanted == "on" else "is off: what is due waits."
        messages.success(request, f"{found.name} {done}")
    return HttpResponseRedirect(_url("destination", site, found))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def remove(request: HttpRequest, slug: str, destination_id: int) -> HttpResponse:
    """Ask whether a destination is to go, and on POST remove it: what waits is given up, what was sent stays."""
    site, found = destination_or_404(request, slug, destination_id, Permission.MANAGE_RULES)
    if request.method == "POST":
        waiting = _waiting(found)
        destination_archive(destination=found)
        given_up = f" {waiting} that waited {'is' if waiting == 1 else 'are'} given up." if waiting else ""
        messages.success(request, f"{found.name} is removed.{given_up} What was sent stays in the log.")
        return HttpResponseRedirect(reverse("destinations:page", args=[site.slug]))
    context = {
        "site": site,
        "destination": found,
        "title": f"Remove {found.name}?",
        "text": REMOVE_TEXT,
        "what": removed_what(found),
        "confirm": "Remove destination",
    }
    return render(request, "destinations/confirm.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def secret(request: HttpRequest, slug: str, destination_id: int) -> HttpResponse:
    """Ask whether the secret that was made here is to be made anew, and on POST do so and show it."""
    site, found = destination_or_404(request, slug, destination_id, Permission.MANAGE_RULES)
    kind = provider_or_404(found)
    if not kind.made_secret:
        raise Http404
    label = str(kind.form_class.base_fields[kind.made_secret].label)
    if request.method == "POST":
        made = [(label, secret_rotate(destination=found))]
        return _secret_page(request, site, found, made, next_url=_url("destination", site, found))
    context = {
        "site": site,
        "destination": found,
        "title": "Make a new secret?",
        "text": (
            f"{label}: it is shown once, to be put in at the other side within a day. The one before signs along "
            "until then, so nothing is lost."
        ),
        "confirm": "Make a new secret",
        "is_harmless": True,
    }
    return render(request, "destinations/confirm.html", context)


REMOVE_TEXT = (
    "Its secrets and rules go for good. What was sent stays in the log as proof. Set up again, it is another "
    "destination, which doesn’t know what this one has had."
)


def removed_what(destination: Destination) -> list[dict[str, object]]:
    """Return what goes with a destination, each with a label and a figure."""
    return [
        {"label": "waiting, which are given up", "value": _waiting(destination)},
        {"label": "rules", "value": destination.rules.filter(is_on=True).count()},
    ]


def _form_page(
    request: HttpRequest,
    site: Site,
    kind: Provider,
    common: DestinationForm,
    form: SettingsForm,
    *,
    destination: Destination | None = None,
) -> HttpResponse:
    context = {
        "site": site,
        "provider": kind,
        "destination": destination,
        "common": common,
        "form": form,
        "once": once_word(request.POST if form.is_bound else None),
        "lines": _lines(form, destination),
        "test_mode_why": f"Everything goes as a test. {kind.test_words} Switch it off once it works.",
    }
    status = 422 if form.is_bound else 200
    return render(request, "destinations/settings.html", context, status=status)


def _secret_page(
    request: HttpRequest, site: Site, destination: Destination, made: Sequence[tuple[str, str]], *, next_url: str
) -> HttpResponse:
    """Answer with secrets that were made here: the one time that they are seen, so there is no address for it."""
    context = {"site": site, "destination": destination, "made": made, "next_url": next_url}
    return render(request, "destinations/secret.html", context)


def _parted(form: SettingsForm) -> tuple[dict[str, str], dict[str, str]]:
    """Return a valid form's settings and secrets, as texts."""
    texts = {name: _text(value) for name, value in form.cleaned_data.items()}
    secrets = {name: texts.pop(name) for name in form.secret_fields if name in texts}
    return texts, secrets


def _text(value: Any) -> str:
    """Return a field's value as settings keep it: of a check box "1" or nothing."""
    if isinstance(value, bool):
        return "1" if value else ""
    return "" if value is None else str(value)


def _made_here(form: SettingsForm) -> list[tuple[str, str]]:
    """Return secrets that nobody typed, with their labels: the provider made them."""
    return [(str(form.fields[name].label), str(form.cleaned_data[name])) for name in _untyped(form)]


def _made_with(made: Destination, form: SettingsForm) -> list[tuple[str, str]]:
    """Return secrets that nobody typed as a new destination has them: of a form that was sent twice the first ones.

    Of the two answers the browser shows the second alone.
    """
    if clock.now() - made.created_at > SHOWN_AGAIN:
        return []
    held = secrets_held(made)
    return [(str(form.fields[name].label), held[name]) for name in _untyped(form) if name in held]


def _untyped(form: SettingsForm) -> list[str]:
    return [
        name
        for name in sorted(form.secret_fields)
        if form.cleaned_data.get(name) and not form.data.get(form.add_prefix(name), "").strip()
    ]


def _lines(form: SettingsForm, destination: Destination | None) -> list[FieldLine]:
    hints = destination.secrets_hints if destination else {}
    return [
        FieldLine(
            form[name],
            is_secret=name in form.secret_fields,
            help_url=form.help_urls.get(name, ""),
            hint=hints.get(name, "") if name in form.secret_fields and form.has_secrets else "",
        )
        for name in form.fields
    ]


def _settings_shown(kind: Provider, destination: Destination, *, shows_address: bool) -> list[tuple[str, str]]:
    """Return a destination's settings with their labels; secrets by their hints alone.

    `shows_address`: to whoever may set it up; of addresses of the customer's own others see the host.
    """
    form = kind.form_class(initial=destination.settings, has_secrets=True)
    shown = []
    for name, field in form.fields.items():
        is_secret = name in form.secret_fields
        kept = destination.secrets_hints.get(name, "") if is_secret else destination.settings.get(name, "")
        if name in kind.own_addresses and not shows_address:
            kept = address_masked(str(kept))
        choices = {str(key): str(label) for key, label in getattr(field, "choices", [])}
        shown.append((str(field.label), choices.get(str(kept), str(kept))))
    return [(label, text) for label, text in shown if text]


def _waiting(destination: Destination) -> int:
    return Delivery.objects.filter(destination=destination, state__in=OPEN).count()


def _url(name: str, site: Site, destination: Destination) -> str:
    return reverse(f"destinations:{name}", args=[site.slug, destination.id])
