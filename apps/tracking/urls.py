"""A site's settings, and whether its tag works, on an agency's host."""

from django.urls import path

from .views import installation, parked, site_goals, site_rules, site_settings, site_switches

app_name = "tracking"
urlpatterns = [
    path("s/<slug:slug>/settings", site_settings.site_settings, name="site-settings"),
    path("s/<slug:slug>/settings/own-visits", site_settings.site_own_visits, name="site-own-visits"),
    path("s/<slug:slug>/settings/measured", site_switches.site_extras, name="site-extras"),
    path("s/<slug:slug>/settings/privacy", site_switches.site_privacy, name="site-privacy"),
    path("s/<slug:slug>/settings/consent-counts", site_switches.site_consent_counts, name="site-consent-counts"),
    path("s/<slug:slug>/settings/client", site_settings.site_change_client, name="site-client"),
    path("s/<slug:slug>/settings/status", site_settings.site_change_status, name="site-status"),
    path("s/<slug:slug>/settings/delete", site_settings.site_delete_page, name="site-delete"),
    path("s/<slug:slug>/settings/arrival", installation.arrival, name="site-arrival"),
    path("s/<slug:slug>/settings/trust", installation.trust, name="site-trust"),
    path("s/<slug:slug>/settings/trust.csv", installation.trust_csv, name="site-trust-csv"),
    path("s/<slug:slug>/settings/parked", parked.parked_page, name="site-parked"),
    path("s/<slug:slug>/settings/parked/resend", parked.parked_send_again, name="site-parked-resend"),
    path("s/<slug:slug>/settings/rules", site_rules.site_rules, name="site-rules"),
    path("s/<slug:slug>/settings/rules/agents", site_rules.site_rules_agents, name="site-rules-agents"),
    path("s/<slug:slug>/settings/rules/new", site_rules.site_rule_new, name="site-rule-new"),
    path("s/<slug:slug>/settings/rules/<int:rule_id>/undo", site_rules.site_rule_undo, name="site-rule-undo"),
    path("s/<slug:slug>/goals/new", site_goals.site_goal_new, name="site-goal-new"),
    path("s/<slug:slug>/goals/<int:goal_id>", site_goals.site_goal, name="site-goal"),
    path("s/<slug:slug>/goals/<int:goal_id>/state", site_goals.site_goal_state, name="site-goal-state"),
    path("s/<slug:slug>/waiting", installation.waiting, name="site-waiting"),
]
