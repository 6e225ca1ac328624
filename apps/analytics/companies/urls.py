from django.urls import path

from apps.companies import enrichment_page
from apps.companies.profiles import editing

from . import list_views, page_views

app_name = "companies"
urlpatterns = [
    path("companies", list_views.all_companies, name="companies"),
    path("settings/networks", enrichment_page.networks, name="networks"),
    path("s/<slug:slug>/companies", list_views.site_companies, name="site-companies"),
    path("s/<slug:slug>/companies/<int:company_id>/profile", editing.site_company_profile, name="site-company-profile"),
    path("s/<slug:slug>/companies/<int:company_id>", page_views.site_company, name="site-company"),
]
