"""A site's scoring rules and the agency's, on an agency's host."""

from django.urls import path

from .views import page, parts, rules, versions

app_name = "scoring"
urlpatterns = [
    path("s/<slug:slug>/scoring", page.scoring, name="site-scoring"),
    path("s/<slug:slug>/scoring/progress", page.progress, name="site-progress"),
    path("s/<slug:slug>/scoring/back-test", page.trial, name="site-trial"),
    path("s/<slug:slug>/scoring/follow", page.follow, name="site-follow"),
    path("s/<slug:slug>/scoring/rules/new", rules.rule_new, name="site-rule-new"),
    path("s/<slug:slug>/scoring/rules/<slug:key>/edit", rules.rule_edit, name="site-rule"),
    path("s/<slug:slug>/scoring/rules/<slug:key>/state", rules.rule_state, name="site-rule-state"),
    path("s/<slug:slug>/scoring/weights", parts.weights, name="site-weights"),
    path("s/<slug:slug>/scoring/ideal", parts.ideal, name="site-ideal"),
    path("s/<slug:slug>/scoring/versions", versions.versions, name="site-versions"),
    path("s/<slug:slug>/scoring/versions/<int:version>/restore", versions.restore, name="site-restore"),
    path("settings/scoring", page.scoring, name="agency-scoring"),
    path("settings/scoring/rules/new", rules.rule_new, name="agency-rule-new"),
    path("settings/scoring/rules/<slug:key>/edit", rules.rule_edit, name="agency-rule"),
    path("settings/scoring/rules/<slug:key>/state", rules.rule_state, name="agency-rule-state"),
    path("settings/scoring/weights", parts.weights, name="agency-weights"),
    path("settings/scoring/ideal", parts.ideal, name="agency-ideal"),
    path("settings/scoring/versions", versions.versions, name="agency-versions"),
    path("settings/scoring/versions/<int:version>/restore", versions.restore, name="agency-restore"),
]
