#!/bin/sh
# Brings a real website for the tests to crawl: Python's documentation as Debian packs it, some 500 pages, unpacked into
# .venv/beacon-python-doc. Needs no rights, and installs nothing for others. Prints nothing where it is there.
# Where it can't be had, says so and ends with status 1.
set -eu
cd "$(dirname "$0")/../.."
need="Python's documentation"
package=python3-doc
place=.venv/beacon-python-doc
. config/local/debian.sh

[ -d "$place/usr/share/doc" ] && exit 0
need_apt
DPKG_STATUS=/dev/null # all of it, whatever the machine has: pages and the scripts they share
unpack "$place" python3-doc
