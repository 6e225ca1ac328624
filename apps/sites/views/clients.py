"""Clients and sites of the agency: the list, and making, renaming, archiving and deleting clients."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.agencies.access import member_view, require_all_clients
from apps.agencies.requests import AgencyRequest
from apps.agencies.roles import Permission
from apps.core.errors import Refused

from ..access import client_or_404
from ..forms import ClientForm, SiteCreateForm
from ..selectors import clients_open, clients_with_sites
from ..services import client_archive, client_create, client_delete, client_rename, client_restore, site_create


@require_safe
@member_view(Permission.MANAGE_SITES)
def settings(request: AgencyRequest) -> HttpResponse:
    """List the clients that the member may see with their sites."""
    context = {
        "groups": clients_with_sites(request.membership),
        "may_add_clients": request.membership.client_ids is None,
        "membership": request.membership,
    }
    return render(request, "sites/settings.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_view(Permission.MANAGE_SITES)
def client_new(request: AgencyRequest) -> HttpResponse:
    """Make a client. 404 for a member limited to some: a new one is none of theirs."""
    require_all_clients(request.membership)
    form = ClientForm(request.POST or None)
    if form.is_valid():
        try:
            client = client_create(name=form.cleaned_data["name"])
        except Refused as refusal:
            form.add_error("name", str(refusal))
        else:
            return HttpResponseRedirect(f"{reverse('sites:site-new')}?client={client.id}")
    context = {"form": form, "membership": request.membership}
    return render(request, "sites/client_new.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def client_settings(request: HttpRequest, client_id: int) -> HttpResponse:
    """Rename a client; from here it is archived or deleted too."""
    client = client_or_404(request, client_id, Permission.MANAGE_SITES)
    form = ClientForm(request.POST or None, initial={"name": client.name})
    if form.is_valid():
        try:
            client_rename(client=client, name=form.cleaned_data["name"])
        except Refused as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(request, "Saved.")
            return HttpResponseRedirect(reverse("sites:settings"))
    context = {"client": client, "form": form, "site_count": client.sites.count()}
    return render(request, "sites/client.html", context, status=422 if form.is_bound else 200)


@require_POST
def client_change_state(request: HttpRequest, client_id: int) -> HttpResponse:
    """Archive a client with its sites (`do=archive`), or bring it back (`do=restore`)."""
    client = client_or_404(request, client_id, Permission.MANAGE_SITES)
    if request.POST.get("do") == "restore":
        client_restore(client=client)
        messages.success(request, f"{client} is back. Resume its sites to count again.")
    else:
        client_archive(client=client)
        messages.success(request, f"{client} is archived. Its data stays, nothing more is counted.")
    return HttpResponseRedirect(reverse("sites:settings"))


@require_http_methods(["GET", "HEAD", "POST"])
def client_remove(request: HttpRequest, client_id: int) -> HttpResponse:
    """Delete a client that has no sites."""
    client = client_or_404(request, client_id, Permission.MANAGE_SITES)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("sites:client", args=[client.id]))
    try:
        client_delete(client=client)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("sites:client", args=[client.id]))
    messages.success(request, f"{client.name} is deleted.")
    return HttpResponseRedirect(reverse("sites:settings"))


@require_http_methods(["GET", "HEAD", "POST"])
@member_view(Permission.MANAGE_SITES)
def site_new(request: AgencyRequest) -> HttpResponse:
    """Make a site and go to its overview, which shows the tag and waits for the first event."""
    clients = clients_open(request.membership)
    if not clients:
        require_all_clients(request.membership)
        return HttpResponseRedirect(reverse("sites:client-new"))
    form = SiteCreateForm(request.POST or None, initial={"client": request.GET.get("client")}, clients=clients)
    if form.is_valid():
        values = form.cleaned_data
        site = site_create(
            client=values["client"], name=values["name"], domains=values["domains"], time_zone=values["time_zone"]
        )
        return HttpResponseRedirect(f"/s/{site.slug}/")
    context = {"form": form, "membership": request.membership}
    return render(request, "sites/site_new.html", context, status=422 if form.is_bound else 200)
