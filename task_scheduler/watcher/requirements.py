"""Judging one line of `dependencies`: a package of the index, never an option, and an address only where allowed.

What passes here becomes an argument of an installer, so whatever could be read as anything but a package's
name and versions is refused.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import Specifier
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from task_scheduler.core.excerpts import quoted

_EXAMPLE = '"requests>=2.25"'
_ALLOW = "set environments.allow_direct_references to true in config/config.yaml if you trust such places"
_LONGEST = 500
#: Longer items are no slips.
_LONGEST_SLIP = 100
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*:|.*://)", re.IGNORECASE)
_FILE = re.compile(r"[./~\\]|[^<>=!~;\[]*[/\\]|.*\.(?:whl|zip|tar\.gz|tgz)$", re.IGNORECASE)
_DIRECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\]\s*)?@\s*\S")
_OPERATORS = re.compile(r"\s*(===|[<>=!~]=|[<>])\s*")
_NEXT_PACKAGE = re.compile(r"\s*,\s*(?=[A-Za-z])|[\s;]+")
#: A name, an operator that is none, and a version.
_SLIPS = re.compile(r"([A-Za-z0-9._-]+(?:\[[^\]]*\])?)\s*(=>|=<|\^|~|=|\s)\s*(v?[0-9][^\s,;=]*)")
_SCHEMES = frozenset({"https", "http", "file", "git+https", "git+ssh"})
#: Modules of the standard library, whose packages of the same name are others, or older than they.
_OF_PYTHON = frozenset(name.lower() for name in sys.stdlib_module_names if not name.startswith("_"))
_ARCHIVES = (".whl", ".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz")


#: Says what is wrong with a requirement; None: nothing.
RequirementFault = Callable[[str], str | None]


def requirement_fault(text: str, *, allow_direct_references: bool = False) -> str | None:
    """Say what is wrong with a requirement and what to write instead; None: nothing.

    With `allow_direct_references`, `NAME @ ADDRESS` is a requirement too, where the address leads to one archive
    or to a git repository: a folder has no hash that a lock could hold it to.
    """
    text = text.strip(" ")
    if not text:
        return f"an item is empty: write a package such as {_EXAMPLE}, or remove it"
    if len(text) > _LONGEST:
        return f"an item is longer than {_LONGEST} characters"
    if _CONTROL.search(text):
        return f"{quoted(text)} holds a line break or another control character: write one package in each item"
    if text.startswith("-"):
        return f"{quoted(text)} is an option of an installer and not a package: write the packages themselves"
    if allow_direct_references and _DIRECT.match(text):
        return _direct_fault(text)
    return _misread_as_place(text, allowed=allow_direct_references) or _unreadable(text)


def contradictions(requirements: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield, by its place, each checked requirement whose versions those before it of the same package exclude.

    Only what is certain from the bounds alone is said: requirements with a condition or an address are left out.
    """
    bounds: defaultdict[str, _Bounds] = defaultdict(_Bounds)
    for place, text in enumerate(requirements):
        requirement = Requirement(text)
        if requirement.marker is not None or requirement.url is not None:
            continue
        known = bounds[canonicalize_name(requirement.name)]
        for specifier in requirement.specifier:
            known.narrow(specifier)
        known.written.append(text)
        if known.is_empty:
            what = " and ".join(map(quoted, known.written))
            alone = len(known.written) == 1
            yield (
                place,
                f"{what} {'excludes every version: widen it' if alone else 'exclude each other: keep one of them'}",
            )
            del bounds[canonicalize_name(requirement.name)]


class _Bounds:
    """The versions of one package between which all of its specifiers lie."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self._least: tuple[Version, bool] | None = None  # and whether it is excluded itself
        self._most: tuple[Version, bool] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing lies between them."""
        if self._least is None or self._most is None:
            return False
        (least, above), (most, below) = self._least, self._most
        return least > most or (least == most and (above or below))

    def narrow(self, specifier: Specifier) -> None:
        """Take a specifier into account, where it is a bound that can be compared."""
        try:
            version = Version(specifier.version.removesuffix(".*"))
        except InvalidVersion:
            return
        match specifier.operator:
            case ">=" | ">" as operator:
                self._raise(version, excluded=operator == ">")
            case "<=" | "<" as operator:
                self._lower(version, excluded=operator == "<")
            case "~=":
                self._raise(version, excluded=False)
                self._lower(_next(version.release[:-1]), excluded=True)
            case "==" if specifier.version.endswith(".*"):
                # What comes before a release, 2.0.dev1, is one of ==2.*: nothing certain is said of its lower end.
                self._lower(_next(version.release), excluded=True)
            case "==" if version.local is None:
                self._raise(version, excluded=False)
                self._lower(version, excluded=False)
            case _:
                pass

    def _raise(self, version: Version, *, excluded: bool) -> None:
        if self._least is None or (version, excluded) > self._least:
            self._least = (version, excluded)

    def _lower(self, version: Version, *, excluded: bool) -> None:
        if self._most is None or (version, not excluded) < (self._most[0], not self._most[1]):
            self._most = (version, excluded)


def _next(release: Sequence[int]) -> Version:
    """Return the first version after all those that begin with some numbers."""
    return Version(".".join(map(str, (*release[:-1], release[-1] + 1))))


def _misread_as_place(text: str, *, allowed: bool) -> str | None:
    what = None
    if "@" in text.partition(";")[0] or _ADDRESS.match(text):
        what = "an address"
    elif _FILE.match(text.partition(";")[0].strip()):
        what = "a path"
    if what is None:
        return None
    if allowed:
        return f'{quoted(text)} is {what} without a name: write it like "NAME @ https://…/NAME-1.0.tar.gz" or "NAME @ file:///…"'
    return f"{quoted(text)} is {what}: only packages of the index can be installed, such as {_EXAMPLE}; or {_ALLOW}"


def _direct_fault(text: str) -> str | None:
    try:
        address = Requirement(text).url or ""
    except InvalidRequirement:
        return (
            f"{quoted(text)} cannot be read: write it like \"NAME @ https://…/NAME-1.0.tar.gz\", a marker after ' ; '"
        )
    try:
        parts = urlsplit(address)
        password = parts.password
    except ValueError:
        return f'{quoted(text)} has no address that can be read: write it like "NAME @ https://…/NAME-1.0.tar.gz"'
    if "$" in address:
        # Installers fill in variables of their environment, which would send them to whoever is named here.
        return f"{quoted(text)} holds a variable, and none is filled in: write the address in full"
    if password is not None or (parts.username and not parts.scheme.endswith("ssh")):
        return f"a password or token stands in the address of {text.partition('@')[0].strip()!r}: put it into ~/.netrc instead"
    if parts.scheme in {"", "file"} and not address.startswith(("file:///", "file://localhost/")):
        return f"{quoted(text)} has a path that depends on the folder it is read in: write the whole path, file:///…"
    if parts.scheme not in _SCHEMES:
        return f"{quoted(text)} begins with {parts.scheme!r}: use one of {', '.join(sorted(_SCHEMES))}"
    if not parts.scheme.startswith("git+") and not parts.path.lower().endswith(_ARCHIVES):
        return (
            f"{quoted(text)} leads to no archive: give the address of a file that ends with {', '.join(_ARCHIVES[:4])}"
        )
    return None


def _unreadable(text: str) -> str | None:
    try:
        name = Requirement(text).name
    except InvalidRequirement:
        return _slip(text) or f"{quoted(text)} is not a package with versions: write it like {_EXAMPLE}"
    if canonicalize_name(name) == "python":
        return f"{quoted(text)} is no package: say which Python the file needs with the key python_version"
    if canonicalize_name(name).replace("-", "_") in _OF_PYTHON and not text.partition(";")[2]:
        return f"{quoted(text)} comes with Python: remove it, since importing it needs no package"
    return None


def _slip(text: str) -> str | None:
    """Recognise what people write by habit from elsewhere."""
    if len(text) > _LONGEST_SLIP:
        return None
    if "#" in text:
        return f"{quoted(text)} holds a comment: put it after the quotes, or on a line of its own"
    if match := _SLIPS.fullmatch(text):
        return _wrong_operator(text, *match.groups())
    if _OPERATORS.search(text.partition(";")[2]):
        return f"{quoted(text)}: what follows the semicolon is no condition such as python_version < '3.12'"
    if len(others := _several(text)) > 1:
        return f"{quoted(text)} names {len(others)} packages: write each as an item of its own"
    if re.search(r"~=\s*v?[0-9]+\s*(?:$|[,;])", text):
        return f"{quoted(text)}: ~= needs a version of two numbers or more, such as ~=2.0"
    if re.search(r"[<>~]=?\s*[0-9.]*\.?\*", text):
        return f"{quoted(text)}: a version that ends with .* goes with == and != only"
    return None


def _wrong_operator(text: str, name: str, operator: str, version: str) -> str | None:
    match operator.strip():
        case "=":
            return f'{quoted(text)} has one = sign: write "{name}=={version}" for exactly that version'
        case "=>" | "=<" as turned:
            return f'{quoted(text)} has its sign turned round: write "{name}{turned[::-1]}{version}"'
        case "^" | "~" as sign:
            return f'{quoted(text)}: {sign} is no sign of Python\'s: write "{name}>={version},<…" with the first version that is too new'
        case _:
            return f'{quoted(text)} has no sign before the version: write "{name}=={version}" or "{name}>={version}"'


def _several(text: str) -> list[str]:
    """Return the requirements a text holds when it is a row of them, else nothing."""
    parts = [part for part in _NEXT_PACKAGE.split(_OPERATORS.sub(r"\1", text)) if part]
    return parts if all(part[0].isalpha() and _is_requirement(part) for part in parts) else []


def _is_requirement(text: str) -> bool:
    try:
        Requirement(text)
    except InvalidRequirement:
        return False
    return True
