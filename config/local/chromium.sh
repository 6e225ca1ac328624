#!/bin/sh
# Makes sure that a Chromium is there, for browser tests and for whatever else opens pages: the machine's own where it has
# one; else Debian's, installed where that is allowed, and otherwise unpacked into .venv/beacon-chromium for this checkout alone.
# Prints nothing where one is there. Where none can be had, says so and ends with status 1.
# Usage: config/local/chromium.sh            DPKG_STATUS=FILE pretends that only the packages in it are installed.
set -eu
cd "$(dirname "$0")/../.."
need=Chromium
package=chromium
place=.venv/beacon-chromium
. config/local/debian.sh

has_own() {
    [ -z "${DPKG_STATUS:-}" ] || return 1
    command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1
}

has_own && exit 0
[ -x "$place/chromium" ] && exit 0
need_apt
if may_install; then
    install_as "$prefix"
else
    unpack "$place" chromium fonts-dejavu-core
    write_start "$place" chromium '"$here/usr/lib/chromium/chromium" --no-sandbox'
fi
