"""Where a site's conversions go, on an agency's host."""

from django.urls import path

from .views import consent, deliveries, health, page, receipts, replay, rules, setup, testing

app_name = "destinations"
urlpatterns = [
    path("s/<slug:slug>/destinations", page.destinations, name="page"),
    path("s/<slug:slug>/destinations/new", setup.choose, name="new"),
    path("s/<slug:slug>/destinations/new/<slug:provider>", setup.create, name="new-of"),
    path("s/<slug:slug>/destinations/<int:destination_id>", setup.destination, name="destination"),
    path("s/<slug:slug>/destinations/<int:destination_id>/edit", setup.edit, name="edit"),
    path("s/<slug:slug>/destinations/<int:destination_id>/state", setup.state, name="state"),
    path("s/<slug:slug>/destinations/<int:destination_id>/remove", setup.remove, name="remove"),
    path("s/<slug:slug>/destinations/<int:destination_id>/secret", setup.secret, name="secret"),
    path("s/<slug:slug>/destinations/<int:destination_id>/test", testing.test, name="test"),
    path("s/<slug:slug>/destinations/<int:destination_id>/replay", replay.replay, name="replay"),
    path("s/<slug:slug>/destinations/<int:destination_id>/rules/new", rules.rule_new, name="rule-new"),
    path("s/<slug:slug>/destinations/<int:destination_id>/rules/<int:rule_id>", rules.rule_edit, name="rule"),
    path(
        "s/<slug:slug>/destinations/<int:destination_id>/rules/<int:rule_id>/remove",
        rules.rule_remove,
        name="rule-remove",
    ),
    path("s/<slug:slug>/destinations/consent", consent.consent, name="consent"),
    path("s/<slug:slug>/destinations/consent/<int:exemption_id>/end", consent.end, name="consent-end"),
    path("s/<slug:slug>/destinations/health", health.health, name="health"),
    path("s/<slug:slug>/destinations/receipts", receipts.receipts, name="receipts"),
    path("s/<slug:slug>/destinations/deliveries/resend", deliveries.resend, name="resend"),
    path("s/<slug:slug>/destinations/deliveries/<int:delivery_id>", deliveries.delivery, name="delivery"),
    path("s/<slug:slug>/destinations/deliveries/<int:delivery_id>/edit", deliveries.edit, name="delivery-edit"),
]
