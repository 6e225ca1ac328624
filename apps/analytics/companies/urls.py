from django.urls import path

from apps.companies import enrichment_page
from apps.companies.profiles import editing

from . import correction_views, list_views, page_views

app_name = "companies"
urlpatterns = [
    path("companies", list_views.all_companies, name="companies"),
    path("settings/networks", enrichment_page.networks, name="networks"),
    path("s/<slug:slug>/companies", list_views.site_companies, name="site-companies"),
    path("s/<slug:slug>/companies/<int:company_id>/profile", editing.site_company_profile, name="site-company-profile"),
    path("s/<slug:slug>/companies/<int:company_id>", page_views.site_company, name="site-company"),
    path("s/<slug:slug>/companies/<int:company_id>/correct", correction_views.company_correct, name="company-correct"),
    path("s/<slug:slug>/companies/<int:company_id>/merge", correction_views.company_merge, name="company-merge"),
    path("s/<slug:slug>/companies/<int:company_id>/split", correction_views.company_split, name="company-split"),
    path("s/<slug:slug>/companies/<int:company_id>/rename", correction_views.company_rename, name="company-rename"),
    path("s/<slug:slug>/companies/<int:company_id>/never", correction_views.company_never, name="company-never"),
    path("s/<slug:slug>/visits/<uuid:visit_id>/company", correction_views.visit_reassign, name="visit-reassign"),
    path("settings/corrections", correction_views.corrections, name="corrections"),
    path("settings/corrections/<int:correction_id>/undo", correction_views.correction_undo, name="correction-undo"),
]
