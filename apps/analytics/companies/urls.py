from django.urls import path

from apps.companies import enrichment_page
from apps.companies.identifying import views as identifying_views
from apps.companies.profiles import editing

from . import bulk, correction_views, knowledge_views, list_views, page_views, target_views, view_views

app_name = "companies"
urlpatterns = [
    path("companies", list_views.companies, name="companies"),
    path("companies/bulk", bulk.bulk, name="bulk"),
    path("companies/bulk/undo", bulk.bulk_undone, name="bulk-undo"),
    path("companies/views", view_views.view_new, name="view-new"),
    path("companies/views/<int:view_id>", view_views.view_change, name="view"),
    path("settings/networks", enrichment_page.networks, name="networks"),
    path("settings/companies", identifying_views.agency_identifying, name="agency-identifying"),
    path("s/<slug:slug>/settings/companies", identifying_views.site_identifying, name="site-identifying"),
    path("s/<slug:slug>/settings/companies/kinds", identifying_views.site_kinds, name="site-kinds"),
    path("s/<slug:slug>/settings/companies/links", identifying_views.site_links, name="site-links"),
    path("s/<slug:slug>/companies/<int:company_id>/profile", editing.site_company_profile, name="site-company-profile"),
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
    path("s/<slug:slug>/companies/<int:company_id>/correct", correction_views.company_correct, name="company-correct"),
    path("s/<slug:slug>/companies/<int:company_id>/merge", correction_views.company_merge, name="company-merge"),
    path("s/<slug:slug>/companies/<int:company_id>/split", correction_views.company_split, name="company-split"),
    path("s/<slug:slug>/companies/<int:company_id>/rename", correction_views.company_rename, name="company-rename"),
    path("s/<slug:slug>/companies/<int:company_id>/never", correction_views.company_never, name="company-never"),
    path("s/<slug:slug>/visits/<uuid:visit_id>/company", correction_views.visit_reassign, name="visit-reassign"),
    path("settings/corrections", correction_views.corrections, name="corrections"),
    path("settings/corrections/<int:correction_id>/undo", correction_views.correction_undo, name="correction-undo"),
]
