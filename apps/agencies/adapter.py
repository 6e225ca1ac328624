"""How django-allauth behaves here: mails after the commit, links to the public host, sign-out of the whole sign-in."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailConfirmation
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest
from django.urls import reverse

from .hosts import public_url
from .models import User
from .signing_out import sign_out


class AccountAdapter(DefaultAccountAdapter):
    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return reverse("agency-choose")

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return reverse("agency-choose")

    def get_email_verification_redirect_url(self, email_address: object) -> str:
        return reverse("agency-choose")

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: EmailConfirmation) -> str:
        # Not from the request's host: whoever writes a Host header shall not write our links.
        return public_url(reverse("account_confirm_email", args=[emailconfirmation.key]))

    def get_reset_password_from_key_url(self, key: str) -> str:
        uid, _, token = key.partition("-")
        return public_url(reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token}))

    def send_account_already_exists_mail(self, email: str) -> None:
        links = {"login_url": public_url("/login"), "reset_url": public_url(reverse("account_reset_password"))}
        self.send_mail("account/email/account_already_exists", email, links)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Render now, send when what the mail speaks of has been committed."""
        values = {"email": email, **context}
        message = self.render_mail(template_prefix, email, values)
        transaction.on_commit(message.send)

    def save_user(self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True) -> User:
        user.name = form.cleaned_data.get("name", "")
        saved: User = super().save_user(request, user, form, commit)
        return saved

    def logout(self, request: HttpRequest) -> None:
        sign_out(request)
