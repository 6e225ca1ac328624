"""Addresses of the public host. The `account_...` names are those by which allauth finds its own pages."""

from allauth.account import views as allauth
from django.urls import path, re_path

from .views import invitations, outbox, public

urlpatterns = [
    path("", public.home, name="public-home"),
    path("signup", public.SignupView.as_view(), name="account_signup"),
    path("signup/address", public.signup_address, name="signup-address"),
    path("login", allauth.login, name="account_login"),
    path("logout", allauth.logout, name="account_logout"),
    path("inactive", allauth.account_inactive, name="account_inactive"),
    path("agencies", public.choose, name="agency-choose"),
    path("handover", public.hand_over, name="handover"),
    path("invitation/<str:token>", invitations.accept, name="invitation"),
    path("email", allauth.email, name="account_email"),
    path("confirm-email/", allauth.email_verification_sent, name="account_email_verification_sent"),
    re_path(r"^confirm-email/(?P<key>[-:\w]+)/$", allauth.confirm_email, name="account_confirm_email"),
    path("password/change", allauth.password_change, name="account_change_password"),
    path("password/set", allauth.password_set, name="account_set_password"),
    path("password/reset", allauth.password_reset, name="account_reset_password"),
    path("password/reset/done", allauth.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        allauth.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("password/reset/key/done", allauth.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("reauthenticate", allauth.reauthenticate, name="account_reauthenticate"),
    path("outbox/", outbox.outbox, name="outbox"),
    path("outbox/<str:name>", outbox.mail, name="outbox-mail"),
    path("outbox/<str:name>/html", outbox.mail_html, name="outbox-mail-html"),
]
