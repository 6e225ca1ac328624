#!/usr/bin/env python3
"""Django's command line, run inside the project's own environment wherever it was called from."""

import os
import sys
from pathlib import Path

ENVIRONMENT = Path(__file__).resolve().parent / ".venv"


def enter_environment() -> None:
    """Start anew under `.venv`'s interpreter, so that `python manage.py ...` works without activating anything."""
    interpreter = ENVIRONMENT / "bin" / "python"
    if Path(sys.prefix) != ENVIRONMENT and "VIRTUAL_ENV" not in os.environ and interpreter.exists():
        os.execv(str(interpreter), [str(interpreter), *sys.argv])


def main() -> None:
    enter_environment()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Beacon isn't installed yet: run `make install` first.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
