"""Hides secrets in what is written, before it is written: in text and in bytes, whole or as they come.

A secret is a line of a value of `config/secrets.yaml`. It is hidden as it is and as encodings that keep it whole make
it, alone or within a longer text: of URLs, of JSON, of Python's `repr` and `ascii`, between the quotes of a shell, and
base64 wherever it begins in what was encoded. Each stretch of bytes that belong to any of these becomes `***`. What a
process knows of secrets is in `known_secrets`.

Runs in hosts and in tasks' environments too: Python 3.8 or later, standard library alone, and little of it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Collection, Iterable, Iterator

HIDDEN = "***"
#: Shorter ones, of this many characters or digits, would be found in every second line.
LEAST = 6
#: A longer line is hidden piece by piece, which bounds what must be held back of a line that has not ended.
_MOST = 1024
#: What lines begin with that tell something of a run, and what follows: a secret that is a part of it stays to be seen.
_OWN_WORDS = ("::task-scheduler:: ", "progress", "metric", "artifact", "result", "refused")

_HIDDEN = HIDDEN.encode()
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
#: What encoders of URLs leave as it is beside that.
_LEFT_IN_URLS = (b"", b"/", b"!'()*", b"/:?#[]@!$&'()*+,;=")


class Mask:
    """Hides a set of secrets."""

    __slots__ = ("_firsts", "_forms", "_longest", "_pattern", "values")

    def __init__(self, values: Collection[str]) -> None:
        """`values` are as in the file; those too short to be hidden are left out."""
        self.values = frozenset(values)
        forms = {form for line in _lines(values) for form in _forms(line)}
        self._forms = sorted(forms)
        self._firsts = frozenset(form[0] for form in forms)
        self._longest = max(map(len, forms), default=0)
        self._pattern: re.Pattern[bytes] | None = None  #: compiled when it is first needed

    def __bool__(self) -> bool:
        """Whether there is anything to hide."""
        return bool(self._forms)

    def prepare(self) -> None:
        """Do now what the first use would do, so that forks of this process need not."""
        if self._pattern is None and self._forms:
            import re

            self._pattern = re.compile(_alternatives(sorted(self._forms, key=len, reverse=True), 2))

    def hide(self, data: bytes) -> bytes:
        """Return bytes with the secrets in them hidden."""
        spans = self.spans(data)
        if not spans:
            return data
        parts, place = [], 0
        for start, end in spans:
            parts += [data[place:start], _HIDDEN]
            place = end
        return b"".join([*parts, data[place:]])

    def hide_text(self, text: str) -> str:
        """Return text with the secrets in it hidden."""
        data = text.encode("utf-8", "surrogatepass")
        hidden = self.hide(data)
        return text if hidden is data else hidden.decode("utf-8", "surrogatepass")

    def spans(self, data: bytes) -> list[tuple[int, int]]:
        """Return where there are secrets, from and to, those that overlap as one."""
        self.prepare()
        found: list[tuple[int, int]] = []
        if self._pattern is None:
            return found
        match = self._pattern.search(data)
        while match is not None:
            start, end = match.span()
            if found and start < found[-1][1]:
                found[-1] = (found[-1][0], max(found[-1][1], end))
            else:
                found.append((start, end))
            match = self._pattern.search(data, start + 1)  # within the one that was found another may begin
        return found

    def open_end(self, data: bytes) -> int:
        """Return the first place from which on the data may be the beginning of a secret; their length: there is none."""
        from bisect import bisect_left

        for place in range(max(len(data) - self._longest + 1, 0), len(data)):
            if data[place] in self._firsts:
                rest = data[place:]
                nearest = bisect_left(self._forms, rest)
                following = self._forms[nearest : nearest + 2]
                if any(len(form) > len(rest) and form.startswith(rest) for form in following):
                    return place
        return len(data)


class Flow:
    """Hides secrets in bytes that come in pieces: what comes out, joined, is what hiding them in the whole gives.

    Between two pieces it holds back what may be the beginning of a secret, less than the longest of them.
    """

    __slots__ = ("_covered", "_held")

    def __init__(self) -> None:
        self._held = b""
        self._covered = 0  #: so many of the held bytes belong to a secret whose `***` is out already

    @property
    def is_empty(self) -> bool:
        """Whether nothing is held back."""
        return not self._held

    def hide(self, data: bytes, mask: Mask | None, *, ends: bool) -> bytes:
        """Return what can be said of everything up to these bytes; with `ends` nothing more follows."""
        data = self._held + data
        place = self._covered
        spans = [] if mask is None else mask.spans(data)
        cut = len(data) if ends or mask is None else mask.open_end(data)
        parts = []
        for start, end in spans:
            if start >= max(cut, place):  # it is met again with what follows
                break
            if start >= place:
                parts += [data[place:start], _HIDDEN]
            place = max(place, end)
        parts.append(data[place:cut])
        self._held, self._covered = data[cut:], max(place - cut, 0)
        return b"".join(parts)


def is_worth_hiding(value: str) -> bool:
    """Whether a value of the file is long enough to be hidden."""
    return any(True for _ in _lines([value]))


# --- the forms of a secret --------------------------------------------------------------------------------


def _lines(values: Iterable[str]) -> Iterator[str]:
    """Yield what is to be hidden of values: each line, without the spaces around it, in pieces where it is long."""
    for value in values:
        lines = [line.strip() for line in value.replace("\r", "\n").split("\n")]
        for line in lines:
            is_armour = len(lines) > 1 and line.startswith("-----")  # `-----BEGIN PRIVATE KEY-----` is in every key
            if len(line) < LEAST or is_armour or any(line in own for own in _OWN_WORDS):
                continue
            if line.isascii() and line.lstrip("+-").replace(".", "", 1).isdigit():
                yield from _spellings(line.lstrip("+-"))
            else:
                pieces = -(-len(line) // _MOST)
                for piece in range(pieces):
                    yield line[piece * len(line) // pieces : (piece + 1) * len(line) // pieces]


def _spellings(number: str) -> Iterator[str]:
    """Yield a number as the file has it and as a program would print it, where it has digits enough."""
    if sum(character.isdigit() for character in number) >= LEAST and len(number) <= _MOST:
        yield number
        printed = repr(float(number)) if "." in number else number.lstrip("0")
        if len(printed) >= LEAST:
            yield printed


def _forms(line: str) -> Iterator[bytes]:
    raw = line.encode("utf-8", "surrogatepass")
    yield raw
    yield from _base64(raw)
    if line.isascii() and line.isalnum():
        return
    import json

    yield json.dumps(line)[1:-1].encode()
    yield json.dumps(line, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass")
    yield line.encode("ascii", "backslashreplace")  # Python's stderr, where the locale has no more than ASCII
    for written in (repr, ascii):
        # A `'` is escaped only where the text around it has a `"`.
        yield written(line)[1:-1].encode("utf-8", "backslashreplace")
        yield written('"' + line)[2:-1].encode("utf-8", "backslashreplace")
    yield repr(raw)[2:-1].encode()
    yield repr(b'"' + raw)[3:-1].encode()
    for quote in (b"'\"'\"'", b"'\\''"):  # those of `shlex.quote`, and of what Bash shows of its commands
        yield raw.replace(b"'", quote)
    for left in _LEFT_IN_URLS:
        for percent in ("%{:02X}", "%{:02x}"):
            quoted = "".join(
                chr(byte) if byte in _UNRESERVED or byte in left else percent.format(byte) for byte in raw
            ).encode()
            yield quoted
            yield quoted.replace(b"%20", b"+")


def _base64(raw: bytes) -> Iterator[bytes]:
    """Yield what base64 makes of a secret, alone or with one or two bytes more before it than come out even."""
    from binascii import b2a_base64

    for before in range(3):
        encoded = b2a_base64(bytes(before) + raw, newline=False)
        # The characters that are of nothing but the secret.
        inner = encoded[-(-8 * before // 6) : 8 * (before + len(raw)) // 6]
        for form in (inner, encoded, encoded.rstrip(b"=")) if before == 0 else (inner,):
            yield form
            yield form.replace(b"+", b"-").replace(b"/", b"_")


def _alternatives(forms: list[bytes], depth: int) -> bytes:
    """Return a pattern of these, the longest first, branching by their first bytes: tried one by one they take ten times as long."""
    import re

    if depth == 0 or len(forms) == 1:
        return b"|".join(map(re.escape, forms))
    branches: dict[bytes, list[bytes]] = {}
    for form in forms:
        branches.setdefault(form[:1], []).append(form[1:])
    return b"|".join(
        re.escape(first) + b"(?:" + _alternatives(rests, depth - 1) + b")" for first, rests in branches.items()
    )
