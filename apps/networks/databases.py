"""The local databases: which files there are, readers that follow a change on disk."""

from pathlib import Path

from django.conf import settings

CRAWLERS = "crawlers.tsv"


def path(name: str) -> Path:
    """Return where the database `name` lies, whether or not it is there."""
    return Path(settings.BEACON_DATA_DIR) / "databases" / name


def version(name: str) -> str:
    """Return a text that changes with the file, empty where there is none."""
    try:
        stat = path(name).stat()
    except FileNotFoundError:
        return ""
    return f"{stat.st_mtime_ns}-{stat.st_size}"
