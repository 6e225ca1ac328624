#!/bin/sh
# Makes sure that Chromium's headless shell is there, for browser tests: the same engine without the browser around it, a
# page for a third of the processor time. Debian's, installed where that is allowed, and otherwise unpacked into
# .venv/beacon-headless-shell for this checkout alone.
# Prints nothing where one is there. Where none can be had, says so and ends with status 1; tests then take all of Chromium.
# Usage: config/local/headless_shell.sh      DPKG_STATUS=FILE pretends that only the packages in it are installed.
set -eu
cd "$(dirname "$0")/../.."
need="Chromium's headless shell"
package=chromium-headless-shell
place=.venv/beacon-headless-shell
. config/local/debian.sh

has_own() {
    [ -z "${DPKG_STATUS:-}" ] && command -v chromium-headless-shell >/dev/null 2>&1
}

has_own && exit 0
[ -x "$place/chromium-headless-shell" ] && exit 0
need_apt
if may_install; then
    install_as "$prefix"
else
    unpack "$place" chromium-headless-shell fonts-dejavu-core
    write_start "$place" chromium-headless-shell '"$here/usr/lib/chromium/chromium-headless-shell" --no-sandbox'
fi
