"""Log the benchmarks' owner in and print the browser's cookie; run by `live`, with Django's settings."""

import django
from django.conf import settings


def main() -> None:
    django.setup()
    from django.test import Client

    from apps.agencies.models import User

    browser = Client()
    browser.force_login(
        User.objects.get(email="bench@example.com"), backend="django.contrib.auth.backends.ModelBackend"
    )
    print(f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}")


if __name__ == "__main__":
    main()
