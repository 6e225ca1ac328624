from django.urls import path

from apps.companies import enrichment_page
from apps.companies.identifying import views as identifying_views

from . import list_views, page_views

app_name = "companies"
urlpatterns = [
    path("companies", list_views.all_companies, name="companies"),
    path("settings/networks", enrichment_page.networks, name="networks"),
    path("settings/companies", identifying_views.agency_identifying, name="agency-identifying"),
    path("s/<slug:slug>/settings/companies", identifying_views.site_identifying, name="site-identifying"),
    path("s/<slug:slug>/settings/companies/kinds", identifying_views.site_kinds, name="site-kinds"),
    path("s/<slug:slug>/settings/companies/links", identifying_views.site_links, name="site-links"),
    path("s/<slug:slug>/companies", list_views.site_companies, name="site-companies"),
    path("s/<slug:slug>/companies/<int:company_id>", page_views.site_company, name="site-company"),
]
