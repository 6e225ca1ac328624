from django.apps import AppConfig


class CompaniesConfig(AppConfig):
    name = "apps.companies"

    def ready(self) -> None:
        """Raise ImproperlyConfigured where the operator's mapping of profiles can't be meant."""
        from .profiles.configured import profile_paths

        profile_paths()
