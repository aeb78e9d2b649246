"""Tiny packages for tests, made by hand: no build tool, no index, no network."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

#: When all the files were made: the same content gives the same bytes, and so the same hash.
MADE_AT = (2000, 1, 1, 0, 0, 0)


def build_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    modules: Mapping[str, str] | None = None,
    requires: Sequence[str] = (),
    requires_python: str | None = None,
    scripts: Mapping[str, str] | None = None,
) -> Path:
    """Write a pure Python wheel into `folder` and return its path.

    `modules` maps paths inside site-packages to their text; None: one module of the package's name
    with its `VERSION`. `scripts` maps console commands to entry points such as `hello:main`.
    """
    distribution = name.replace("-", "_")
    info = f"{distribution}-{version}.dist-info"
    files = dict(modules) if modules is not None else {f"{distribution}.py": f'VERSION = "{version}"\n'}
    files[f"{info}/METADATA"] = _metadata(name, version, requires, requires_python)
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: by-hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    if scripts:
        commands = "".join(f"{command} = {entry}\n" for command, entry in scripts.items())
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{commands}"
    rows = [f"{path},sha256={_digest(text)},{len(text.encode())}\n" for path, text in files.items()]
    files[f"{info}/RECORD"] = "".join([*rows, f"{info}/RECORD,,\n"])

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{distribution}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in files.items():
            archive.writestr(zipfile.ZipInfo(inside, date_time=MADE_AT), text)
    return path


def build_yaml_wheel(folder: Path) -> Path:
    """Write a wheel of the PyYAML that is installed here, without its compiled part, which it can do without."""
    import yaml

    package = Path(yaml.__file__).parent
    modules = {f"yaml/{file.name}": file.read_text(encoding="utf-8") for file in package.glob("*.py")}
    return build_wheel(folder, "PyYAML", yaml.__version__, modules=modules)


def build_source_archive(folder: Path, name: str, version: str = "1.0", *, backend: str) -> Path:
    """Write a source archive whose build runs `backend`, the text of a build backend of its own, and no other tool."""
    top = f"{name}-{version}"
    files = {
        f"{top}/PKG-INFO": _metadata(name, version, (), None),
        f"{top}/pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        f"{top}/backend.py": backend,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{top}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for inside, text in files.items():
            member = tarfile.TarInfo(inside)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def _metadata(name: str, version: str, requires: Sequence[str], requires_python: str | None) -> str:
    lines = ["Metadata-Version: 2.2", f"Name: {name}", f"Version: {version}"]
    if requires_python:
        lines.append(f"Requires-Python: {requires_python}")
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    return "\n".join(lines) + "\n"


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
