"""`/settings` on an agency's host."""

from django.urls import path

from .views import clients, team

app_name = "sites"
urlpatterns = [
    path("settings", clients.settings, name="settings"),
    path("settings/clients/new", clients.client_new, name="client-new"),
    path("settings/clients/<int:client_id>", clients.client_settings, name="client"),
    path("settings/clients/<int:client_id>/state", clients.client_change_state, name="client-state"),
    path("settings/clients/<int:client_id>/delete", clients.client_remove, name="client-delete"),
    path("settings/sites/new", clients.site_new, name="site-new"),
    path("settings/team", team.team, name="team"),
    path("settings/team/invite", team.invite, name="invite"),
    path("settings/team/<int:membership_id>", team.member, name="member"),
    path("settings/team/<int:membership_id>/remove", team.member_remove, name="member-remove"),
    path("settings/invitations/<int:invitation_id>/withdraw", team.invitation_withdraw, name="invitation-withdraw"),
]
