from django.urls import path

from . import views

app_name = "live"
urlpatterns = [path("s/<slug:slug>/live", views.live, name="site-live")]
