# Debian's packages for what only tests need; to be read in by scripts that say in `need` what it is for.
# For everybody on this machine where that is allowed; otherwise, without any rights, into a folder of this checkout.
# DPKG_STATUS=FILE pretends that only the packages in it are installed, and that nothing may be.

stop() {
    printf 'beacon: %s could not be had: %s\n' "$need" "$1" >&2
    printf 'beacon: install it by hand (Debian: apt-get install %s).\n' "$package" >&2
    exit 1
}

# install_as PREFIX...: by the system's packages, for everybody on this machine.
install_as() {
    "$@" env DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null || stop "apt-get update failed, see the message above"
    "$@" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
        stop "apt-get install failed, see the message above"
}

# With folders of its own apt needs no rights: it works out what is missing, and fetches that with signatures checked.
own_apt() {
    apt-get -qq -o Dir::State="$work/state" -o Dir::State::status="${DPKG_STATUS:-/var/lib/dpkg/status}" \
        -o Dir::Cache="$work/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User= "$@"
}

# unpack FOLDER PACKAGE...: the packages and all that they need beyond what is installed.
unpack() {
    folder=$1
    shift
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/tree"
    own_apt update >/dev/null || stop "Debian's list of packages couldn't be fetched, see the message above"
    own_apt -y -d --no-install-recommends install "$@" >/dev/null ||
        stop "Debian's packages couldn't be fetched, see the message above"
    for archive in "$work"/cache/archives/*.deb; do
        dpkg-deb -x "$archive" "$work/tree"
    done
    rm -rf "$folder"
    mv "$work/tree" "$folder"
}

# write_start FOLDER NAME LINE: a program that runs LINE with what was unpacked into FOLDER; `$here` is that folder.
# The packages' programs look for their parts below /: these settings name the folder instead.
write_start() {
    cat >"$1/$2" <<RUN
#!/bin/sh
here=\$(cd "\$(dirname "\$(readlink -f "\$0")")" && pwd)
libraries=\$(printf "%s:" "\$here"/usr/lib/*-linux-gnu "\$here"/usr/lib/*-linux-gnu/pulseaudio "\$here"/lib/*-linux-gnu)
export LD_LIBRARY_PATH="\$libraries\${LD_LIBRARY_PATH:-}"
[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_SYSROOT="\$here"
exec $3 "\$@"
RUN
    chmod +x "$1/$2"
    "$1/$2" --version >/dev/null || stop "what was unpacked into $1 doesn't start, see the message above"
}

# may_install: sets `prefix` to what installs for everybody; fails where nothing may.
may_install() {
    [ -z "${DPKG_STATUS:-}" ] || return 1
    prefix=env
    [ "$(id -u)" = 0 ] && return 0
    prefix=sudo
    command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null
}

need_apt() {
    command -v apt-get >/dev/null 2>&1 || stop "this machine has no apt-get"
    printf 'Fetching %s ...\n' "$need"
}
