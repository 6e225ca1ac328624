"""Where Chromium is, and how it is started: with its sandbox where the system has one, and never as root."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
# What config/local/chromium.sh unpacks where it may not install.
UNPACKED = Path(__file__).resolve().parents[3] / ".venv" / "beacon-chromium" / "chromium"
SETUID_SANDBOXES = ("/usr/lib/chromium/chrome-sandbox", "/opt/google/chrome/chrome-sandbox")
NOBODY = 65534
FLAGS = [
    "--disable-quic",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-domain-reliability",
    "--dns-prefetch-disable",
    "--mute-audio",
    # WebRTC would go past the proxy.
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-features=DnsOverHttps,AsyncDns,WebTransport,Translate,MediaRouter,OptimizationHints",
    "--js-flags=--max-old-space-size=256",
]


def chromium_find(wanted: str = "") -> str:
    """Return Chromium's program: the one named, else the first on PATH, else this checkout's own; empty for none."""
    if wanted:
        return wanted if os.access(wanted, os.X_OK) and Path(wanted).is_file() else ""
    return next((path for name in (*NAMES, str(UNPACKED)) if (path := shutil.which(name))), "")


def launch_arguments(proxy_url: str, *, has_sandbox: bool) -> list[str]:
    """Return Chromium's flags. Also requests to this machine itself go by the proxy, which judges them."""
    proxied = [f"--proxy-server={proxy_url}", "--proxy-bypass-list=<-loopback>"]
    return [*FLAGS, *proxied, *([] if has_sandbox else ["--no-sandbox"])]


def program_prepare(chromium: str, folder: Path) -> tuple[str, bool]:
    """Return what to start, and whether it has a sandbox. As root Chromium runs as `nobody`, its profile is theirs."""
    profile = folder / "profile"
    profile.mkdir(mode=0o700)
    lowering = _lowering()
    if lowering:
        folder.chmod(0o711)
        os.chown(profile, NOBODY, NOBODY)
        wrapper = folder / "chromium"
        wrapper.write_text(f'#!/bin/sh\nHOME={profile} exec {" ".join(lowering)} {chromium} "$@"\n')
        wrapper.chmod(0o755)
        chromium = str(wrapper)
    return chromium, _has_sandbox(lowering)


def _lowering() -> list[str]:
    """Return the command that gives root's rights up; empty for who isn't root, or where the system has none."""
    if os.geteuid() != 0 or not (setpriv := shutil.which("setpriv")):
        return []
    return [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]


def _has_sandbox(lowering: list[str]) -> bool:
    if os.geteuid() == 0 and not lowering:
        return False
    if not lowering and any(_is_setuid(path) for path in SETUID_SANDBOXES):
        return True
    unshare = shutil.which("unshare")
    if not unshare:
        return False
    tried = subprocess.run([*lowering, unshare, "--user", "--net", "true"], capture_output=True, timeout=5, check=False)
    return tried.returncode == 0


def _is_setuid(path: str) -> bool:
    try:
        return bool(os.stat(path).st_mode & stat.S_ISUID)
    except OSError:
        return False
