"""Operators' admin on the public host: who exists and who may. Nothing here deletes an agency or its data."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.account.forms import ResetPasswordForm
from django.contrib import admin, messages
from django.contrib.auth import admin as auth_admin  # noqa: F401 (registers groups, which go again below)
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from .models import Agency, Domain, Invitation, Membership, User
from .roles import Role
from .services import agency_set_active

admin.site.site_header = admin.site.site_title = "Beacon, for operators"
admin.site.index_title = "Agencies and people"
# Roles are memberships; Django's groups would be a second, idle system.
admin.site.unregister(Group)
# Operators sign in where everybody does: the admin's own form doesn't count attempts.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


class KeptAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that are changed with care and never deleted from here."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class DomainInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Domain
    extra = 0
    can_delete = False


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Membership
    extra = 0
    raw_id_fields = ("user",)
    fields = ("user", "role", "client_ids", "created_at")
    readonly_fields = ("created_at",)
    can_delete = False


@admin.register(Agency)
class AgencyAdmin(KeptAdmin):
    """Agencies are made by sign-up, which makes their schema too."""

    list_display = ("name", "slug", "schema_name", "is_active", "members", "created_at")
    list_filter = ("is_active",)
    search_fields = ("name", "slug", "domains__domain")
    fields = ("name", "slug", "schema_name", "is_active", "created_at")
    # The slug is part of hosts and links, the schema of the data's place; activity is changed by the actions.
    readonly_fields = ("slug", "schema_name", "is_active", "created_at")
    inlines = (DomainInline, MembershipInline)
    actions = ("deactivate", "activate")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description="members")
    def members(self, agency: Agency) -> int:
        return int(agency.memberships.count())

    @admin.action(description="Deactivate: nobody comes in, nothing is counted, everything is kept")
    def deactivate(self, request: HttpRequest, agencies: QuerySet[Agency]) -> None:
        self._set(request, agencies, is_active=False)

    @admin.action(description="Activate again")
    def activate(self, request: HttpRequest, agencies: QuerySet[Agency]) -> None:
        self._set(request, agencies, is_active=True)

    def _set(self, request: HttpRequest, agencies: QuerySet[Agency], *, is_active: bool) -> None:
        for agency in agencies:
            agency_set_active(agency=agency, is_active=is_active)
            self.log_change(request, agency, "activated" if is_active else "deactivated")
        word = "active" if is_active else "inactive"
        self.message_user(request, f"{len(agencies)} now {word}.", messages.SUCCESS)


@admin.register(Domain)
class DomainAdmin(KeptAdmin):
    list_display = ("domain", "tenant", "is_primary")
    search_fields = ("domain", "tenant__name")
    raw_id_fields = ("tenant",)


@admin.register(User)
class UserAdmin(KeptAdmin):
    list_display = ("email", "name", "is_active", "is_staff", "last_login", "created_at")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    fields = ("email", "name", "is_active", "is_staff", "is_superuser", "last_login", "created_at")
    # The address is confirmed by its owner and changed by them alone.
    readonly_fields = ("email", "last_login", "created_at")
    actions = ("send_password_reset", "close_accounts", "open_accounts")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.action(description="Send a link for a new password")
    def send_password_reset(self, request: HttpRequest, users: QuerySet[User]) -> None:
        for user in users.filter(is_active=True):
            form = ResetPasswordForm({"email": user.email})
            if form.is_valid():
                form.save(request)
                self.log_change(request, user, "sent a link for a new password")
        self.message_user(request, "The links are on their way.", messages.SUCCESS)

    @admin.action(description="Close the accounts: they can't sign in any more")
    def close_accounts(self, request: HttpRequest, users: QuerySet[User]) -> None:
        self._set(request, users.exclude(email=request.user.get_username()), is_active=False)

    @admin.action(description="Open the accounts again")
    def open_accounts(self, request: HttpRequest, users: QuerySet[User]) -> None:
        self._set(request, users, is_active=True)

    def _set(self, request: HttpRequest, users: QuerySet[User], *, is_active: bool) -> None:
        changed = list(users.exclude(is_active=is_active))
        users.update(is_active=is_active)
        for user in changed:
            self.log_change(request, user, "opened" if is_active else "closed")
        self.message_user(request, f"{len(changed)} changed.", messages.SUCCESS)


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("user", "agency", "role", "client_ids", "created_at")
    list_filter = ("role",)
    search_fields = ("user__email", "agency__name")
    raw_id_fields = ("user", "agency")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Owners stay: an agency without one could be run by nobody. They hand over on their own pages."""
        is_owner = isinstance(obj, Membership) and obj.role == Role.OWNER
        return not is_owner and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Leave out deletion in bulk, which asks about no single row."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """To look at and to withdraw; the link itself is nowhere."""

    list_display = ("email", "agency", "role", "created_at", "expires_at", "accepted_at")
    search_fields = ("email", "agency__name")
    fields = ("email", "agency", "role", "client_ids", "invited_by", "created_at", "expires_at", "accepted_at")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
