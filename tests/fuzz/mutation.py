"""Spoiling bytes: what editors, transfers, merges and typing errors do to files, and worse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

#: What readers stumble over.
TOKENS: Sequence[bytes] = (
    b"---\n", b"\n---\n", b'"""', b"'''", b'r"""', b'f"""', b"# /// script\n", b"# ///\n", b"# [tool.task-scheduler]\n",
    b"\r\n", b"\r", b"\n", b"\t", b"\x0c", b"\0", b"\x1b[2J", b"\x7f", b"\x85", b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\x8b",
    b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"\xff", b"\xc3\xa9", b"\xf0\x9f\x8e\x88", b"# coding: latin-1\n",
    b"title: x\n", b"schedule: every 5 minutes\n", b"schedule: '*/5 * * * *'\n", b"timeout: 60\n", b"dependencies: [requests]\n",
    b"timezone: Europe/Berlin\n", b"&a ", b"*a", b"<<: ", b"!!python/object ", b"%YAML 1.1\n", b"...\n", b"? ", b"- ", b": ",
    b"{", b"}", b"[", b"]", b"(", b")", b"|\n", b">-\n", b"\\", b"#", b"@", b"`", b"~", b"null", b"yes", b"1e999", b"0x10",
    b"99999999999999999999", b"2026-11-22", b".inf", b"[" * 60, b"(" * 120, b"-" * 300, b".b" * 150, b"{" * 20 + b"}" * 20,
    b"from task_scheduler.decorators import *\n", b"@repeat(every(5).minutes)\n", b"@repeat(cron('0 9 * * *'))\n",
    b"def start():\n    pass\n", b"class A:\n", b"lambda: ", b"import helpers\n", b"from helpers import log\n", b"import yaml\n",
    b"every(0).minutes", b".at('25:00')", b"if True:\n ", b"match x:\n case _:\n  ", b"f'{x!r:{y}}'", b"async ", b"await ", b"\\N{BULLET}",
)  # fmt: skip

_ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "latin-1", "cp037")
_LARGEST = 200_000


def mutated(source: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Return a file spoiled in one to eight ways."""
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        source = random.choice(_WAYS)(source, others, random)[:_LARGEST]
    return source


def _place(source: bytes, random: Random) -> int:
    return random.randint(0, len(source))


def _range(source: bytes, random: Random) -> tuple[int, int]:
    begin = _place(source, random)
    return begin, min(len(source), begin + random.choice((1, 1, 2, 5, 20, 100, 1_000)))


def _flip(source: bytes, _others: Sequence[bytes], random: Random) -> bytes:
    if not source:
        return source
    place = random.randrange(len(source))
    return source[:place] + bytes([source[place] ^ (1 << random.randrange(8))]) + source[place + 1 :]


def _insert(source: bytes, _others: Sequence[bytes], random: Random) -> bytes:
    place = _place(source, random)
    return source[:place] + random.choice(TOKENS) + source[place:]


def _insert_line(source: bytes, _others: Sequence[bytes], random: Random) -> bytes:
    lines = source.splitlines(keepends=True)
    lines.insert(random.randint(0, len(lines)), random.choice(TOKENS).rstrip(b"\n") + b"\n")
    return b"".join(lines)


def _insert_many(source: bytes, _others: Sequence[bytes], random: Random) -> bytes:
    place = _place(source, random)
    return source[:place] + random.choice(TOKENS) * random.choice((10, 100, 1_000)) + source[place:]


def _delete(source: bytes, _others: Sequence[bytes], random: Random) -> bytes:
    begin, end = _range(source, random)
    return source[:begin] + source[end:]


def _delete_line(source: bytes, _others: Sequence[bytes], random: Random) -> bytes:
    lines = source.splitlines(keepends=True)
    if lines:
        del lines[random.randrange(len(lines))]
    return b"".join(lines)


def _duplicate(source: bytes, _others: Sequence[bytes], random: Random) -> bytes:
    begin, end = _range(source, random)
    return source[:end] + source[begin:end] + source[end:]


def _swap_lines(source: bytes, _others: Sequence[bytes], random: Random) -> bytes:
    lines = source.splitlines(keepends=True)
    if len(lines) > 1:
        first, second = random.sample(range(len(lines)), 2)
        lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)


def _truncate(source: bytes, _others: Sequence[bytes], random: Random) -> bytes:
    return source[: _place(source, random)]


def _splice(source: bytes, others: Sequence[bytes], random: Random) -> bytes:
    other = random.choice(others)
    return source[: _place(source, random)] + other[_place(other, random) :]


def _line_ends(source: bytes, _others: Sequence[bytes], random: Random) -> bytes:
    return source.replace(b"\r\n", b"\n").replace(b"\n", random.choice((b"\r\n", b"\r", b"\n\r", b"\x0c\n", b" \n")))


def _encoding(source: bytes, _others: Sequence[bytes], random: Random) -> bytes:
    return source.decode(errors="replace").encode(random.choice(_ENCODINGS), errors="replace")


def _number(source: bytes, _others: Sequence[bytes], random: Random) -> bytes:
    digits = [place for place, byte in enumerate(source) if chr(byte).isdigit()]
    if not digits:
        return source
    place = random.choice(digits)
    new = random.choice((b"0", b"-1", b"1.5", b"1_0", b"07", b"1e3", b"9" * 20, b"9" * 5_000, b"''", b""))
    return source[:place] + new + source[place + 1 :]


_WAYS: Sequence[Callable[[bytes, Sequence[bytes], Random], bytes]] = (
    _flip, _flip, _insert, _insert, _insert, _insert_line, _insert_line, _insert_many, _delete, _delete, _delete_line,
    _duplicate, _swap_lines, _truncate, _splice, _line_ends, _encoding, _number,
)  # fmt: skip
