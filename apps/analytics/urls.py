from django.urls import path

from .views import breakdowns, goals, overview, portfolio, visits

app_name = "analytics"
urlpatterns = [
    path("", portfolio.portfolio, name="portfolio"),
    path("sites.csv", portfolio.portfolio_csv, name="portfolio-csv"),
    path("find", portfolio.find_page, name="find"),
    path("s/<slug:slug>/", overview.overview, name="site-overview"),
    path("s/<slug:slug>/panels/<slug:name>", overview.panel, name="site-panel"),
    path("s/<slug:slug>/overview.csv", overview.course_csv, name="site-course-csv"),
    path("s/<slug:slug>/breakdown/<slug:dimension_name>", breakdowns.breakdown, name="site-breakdown"),
    path("s/<slug:slug>/breakdown/<slug:dimension_name>.csv", breakdowns.breakdown_csv, name="site-breakdown-csv"),
    path("s/<slug:slug>/goals", goals.goals, name="site-goals"),
    path("s/<slug:slug>/visits", visits.visits, name="site-visits"),
    path("s/<slug:slug>/visits.csv", visits.visits_csv, name="site-visits-csv"),
    path("s/<slug:slug>/visits/<uuid:visit_id>", visits.visit, name="site-visit"),
    path("s/<slug:slug>/visits/<uuid:visit_id>/delete", visits.visit_delete, name="site-visit-delete"),
]
