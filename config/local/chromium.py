"""Chromium for the installation check: where `make run` is root on Debian, it is installed once, in the background.

Nobody waits for it and nothing depends on it: without it a check looks at a page's source alone, and says so. An
installation that has begun isn't ended with Beacon: a package manager that is cut off leaves a machine to repair.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from config.local.folders import CHECKOUT, DataFolder

# As apps.installation.browser.launching looks for it.
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
INSTALL = CHECKOUT / "config" / "local" / "chromium.sh"
SWITCH = "BEACON_INSTALL_CHROMIUM"
OS_RELEASE = Path("/etc/os-release")


def install_at_leisure(folder: DataFolder, environment: Mapping[str, str] = os.environ) -> str:
    """Begin to install Chromium where that is wanted and possible. Return what to tell; empty for nothing."""
    if not is_wanted(environment):
        return ""
    path = folder.log("chromium")
    try:
        with path.open("ab") as log:
            subprocess.Popen(
                [str(INSTALL)],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        return f"Chromium, for the installation check, can't be installed ({error.strerror}): apt install chromium."
    return f"Chromium is being installed for the installation check, see {path} ({SWITCH}=0 leaves it out)."


def is_wanted(environment: Mapping[str, str], *, is_root: bool | None = None, os_release: Path = OS_RELEASE) -> bool:
    """Return whether there is none, none was named, nobody has said no, and apt can fetch it."""
    if environment.get("BEACON_CHROMIUM") or environment.get(SWITCH, "1").strip().lower() in (
        "0",
        "false",
        "no",
        "off",
    ):
        return False
    search = environment.get("PATH")
    if any(shutil.which(name, path=search) for name in NAMES) or not shutil.which("apt-get", path=search):
        return False
    # Ubuntu's package of that name wants snap, which containers don't have.
    is_debian = os_release.is_file() and "ID=debian" in os_release.read_text(encoding="utf-8").splitlines()
    return is_debian and (os.geteuid() == 0 if is_root is None else is_root)
