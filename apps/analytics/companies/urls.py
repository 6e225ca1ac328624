from django.urls import path

from apps.companies import enrichment_page

from . import knowledge_views, list_views, page_views

app_name = "companies"
urlpatterns = [
    path("companies", list_views.all_companies, name="companies"),
    path("settings/networks", enrichment_page.networks, name="networks"),
    path("s/<slug:slug>/companies", list_views.site_companies, name="site-companies"),
    path("s/<slug:slug>/companies/<int:company_id>", page_views.site_company, name="site-company"),
    path("s/<slug:slug>/companies/<int:company_id>/watch", knowledge_views.company_watch, name="company-watch"),
    path("s/<slug:slug>/companies/<int:company_id>/owner", knowledge_views.company_owner, name="company-owner"),
    path("s/<slug:slug>/companies/<int:company_id>/tags", knowledge_views.company_tags, name="company-tags"),
    path("s/<slug:slug>/companies/<int:company_id>/ignore", knowledge_views.company_ignore, name="company-ignore"),
    path("s/<slug:slug>/companies/<int:company_id>/notes", knowledge_views.company_notes, name="company-notes"),
    path(
        "s/<slug:slug>/companies/<int:company_id>/notes/<int:note_id>",
        knowledge_views.company_note,
        name="company-note",
    ),
]
