"""Addresses of an agency's host that belong to the agency itself."""

from django.urls import path

from .views import account, entrance

app_name = "agencies"
urlpatterns = [
    path("login", entrance.to_public, name="login"),
    path("login/return", entrance.come_back, name="login-return"),
    path("logout", entrance.leave, name="logout"),
    path("account", account.account, name="account"),
    path("account/leave", account.leave_agency, name="account-leave"),
]
