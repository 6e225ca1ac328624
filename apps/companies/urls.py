from django.urls import path

from . import enrichment_page, views

app_name = "companies"
urlpatterns = [
    path("companies", views.all_companies, name="companies"),
    path("settings/networks", enrichment_page.networks, name="networks"),
    path("s/<slug:slug>/companies", views.site_companies, name="site-companies"),
    path("s/<slug:slug>/companies/<int:company_id>", views.site_company, name="site-company"),
]
