#!/bin/sh
# Makes sure that a Chromium is there, for browser tests and for whatever else opens pages: the machine's own where it has
# one; else Debian's, installed where that is allowed, and otherwise unpacked into .venv/beacon-chromium for this checkout alone.
# Prints nothing where one is there. Where none can be had, says so and ends with status 1.
# Usage: config/local/chromium.sh            DPKG_STATUS=FILE pretends that only the packages in it are installed.
set -eu
cd "$(dirname "$0")/../.."
place=.venv/beacon-chromium

stop() {
    printf 'beacon: no Chromium could be installed: %s\n' "$1" >&2
    printf 'beacon: install one by hand (Debian: apt-get install chromium).\n' >&2
    exit 1
}

has_own() {
    [ -z "${DPKG_STATUS:-}" ] || return 1
    command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1
}

# install_as PREFIX...: by the system's packages, for everybody on this machine.
install_as() {
    "$@" env DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null || stop "apt-get update failed, see the message above"
    "$@" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null ||
        stop "apt-get install failed, see the message above"
}

# With folders of its own apt needs no rights: it works out what is missing, and fetches that with signatures checked.
own_apt() {
    apt-get -qq -o Dir::State="$work/state" -o Dir::State::status="${DPKG_STATUS:-/var/lib/dpkg/status}" \
        -o Dir::Cache="$work/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User= "$@"
}

unpack() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/tree"
    own_apt update >/dev/null || stop "Debian's list of packages couldn't be fetched, see the message above"
    own_apt -y -d --no-install-recommends install chromium fonts-dejavu-core >/dev/null ||
        stop "Debian's packages couldn't be fetched, see the message above"
    for package in "$work"/cache/archives/*.deb; do
        dpkg-deb -x "$package" "$work/tree"
    done
    rm -rf "$place"
    mv "$work/tree" "$place"
    # The packages' programs look for their parts below /: these settings name the folder instead.
    cat >"$place/chromium" <<'RUN'
#!/bin/sh
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
libraries=$(printf "%s:" "$here"/usr/lib/*-linux-gnu "$here"/usr/lib/*-linux-gnu/pulseaudio "$here"/lib/*-linux-gnu)
export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:-}"
[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_SYSROOT="$here"
exec "$here/usr/lib/chromium/chromium" --no-sandbox "$@"
RUN
    chmod +x "$place/chromium"
    "$place/chromium" --version >/dev/null || stop "what was unpacked into $place doesn't start, see the message above"
}

has_own && exit 0
[ -x "$place/chromium" ] && exit 0
command -v apt-get >/dev/null 2>&1 || stop "this machine has no apt-get"
printf 'Installing Chromium ...\n'
if [ -n "${DPKG_STATUS:-}" ]; then
    unpack
elif [ "$(id -u)" = 0 ]; then
    install_as env
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    install_as sudo
else
    unpack
fi
