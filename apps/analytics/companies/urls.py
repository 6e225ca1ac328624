from django.urls import path

from apps.companies import enrichment_page

from . import bulk, knowledge_views, list_views, page_views, target_views, view_views

app_name = "companies"
urlpatterns = [
    path("companies", list_views.companies, name="companies"),
    path("companies/bulk", bulk.bulk, name="bulk"),
    path("companies/bulk/undo", bulk.bulk_undone, name="bulk-undo"),
    path("companies/views", view_views.view_new, name="view-new"),
    path("companies/views/<int:view_id>", view_views.view_change, name="view"),
    path("settings/networks", enrichment_page.networks, name="networks"),
    path("s/<slug:slug>/companies", list_views.companies, name="site-companies"),
    path("s/<slug:slug>/companies/bulk", bulk.bulk, name="site-bulk"),
    path("s/<slug:slug>/companies/bulk/undo", bulk.bulk_undone, name="site-bulk-undo"),
    path("s/<slug:slug>/companies/views", view_views.view_new, name="site-view-new"),
    path("s/<slug:slug>/companies/views/<int:view_id>", view_views.view_change, name="site-view"),
    path("s/<slug:slug>/companies/targets", target_views.targets, name="site-targets"),
    path("s/<slug:slug>/companies/targets/new", target_views.targets_new, name="site-targets-new"),
    path("s/<slug:slug>/companies/targets/gone", target_views.targets_gone, name="site-targets-gone"),
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
