#!/bin/sh
# Makes sure that a Firefox is there, for the tests of the tracker: the machine's own where it has one; else Debian's
# (firefox-esr), installed where that is allowed, and otherwise unpacked into .venv/beacon-firefox for this checkout alone.
# Prints nothing where one is there. Where none can be had, says so and ends with status 1.
# Usage: config/local/firefox.sh             DPKG_STATUS=FILE pretends that only the packages in it are installed.
set -eu
cd "$(dirname "$0")/../.."
need=Firefox
package=firefox-esr
place=.venv/beacon-firefox
. config/local/debian.sh

has_own() {
    [ -z "${DPKG_STATUS:-}" ] || return 1
    command -v firefox-esr >/dev/null 2>&1 || command -v firefox >/dev/null 2>&1
}

has_own && exit 0
[ -x "$place/firefox" ] && exit 0
need_apt
if may_install; then
    install_as "$prefix"
else
    unpack "$place" firefox-esr fonts-dejavu-core
    write_start "$place" firefox '"$here/usr/lib/firefox-esr/firefox-esr"'
fi
