"""What counts as a secret in text and bytes, and that it makes no difference how they come."""

from __future__ import annotations

import base64
import itertools
import json
import math
import re
import shlex
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.masking import LEAST, Flow, Mask

SECRET = """p@ss/wörd "1" + 'it?' \\n ~~~>>>???"""
SECRETS = ("abcabc", "abcabcd", "cabcax", "aaaaaa", "b=c-aba", "abababab")
#: Text in which these and their beginnings are likely, line ends among it.
TEXTS = st.lists(
    st.sampled_from([*SECRETS, "abc", "ab", "a", "b", "c", "aaa", "x", "-", "\n", "ab\n", "b=c"]), max_size=30
)


def hidden(text: str, *secrets: str) -> str:
    return Mask(secrets).hide_text(text)


def test_each_place_of_a_secret_is_hidden_and_nothing_else() -> None:
    assert hidden("key=s3cret-key, again s3cret-key.", "s3cret-key") == "key=***, again ***."
    assert hidden("nothing of it", "s3cret-key") == "nothing of it"


ENCODINGS = {
    "as it is": SECRET,
    "JSON": json.dumps(SECRET)[1:-1],
    "JSON with letters as they are": json.dumps(SECRET, ensure_ascii=False)[1:-1],
    "repr": repr(SECRET)[1:-1],
    "repr of bytes": repr(SECRET.encode())[2:-1],
    "path of a URL": urllib.parse.quote(SECRET),
    "part of a path": urllib.parse.quote(SECRET, safe=""),
    "part of a path, as some write it": re.sub(
        "%..", lambda found: found[0].lower(), urllib.parse.quote(SECRET, safe="")
    ),
    "encodeURIComponent": urllib.parse.quote(SECRET, safe="!'()*"),
    "encodeURI": urllib.parse.quote(SECRET, safe=";/?:@&=+$,#!'()*"),
    "query": urllib.parse.quote_plus(SECRET),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(SECRET.encode()).decode(),
    "base64 for URLs, unpadded": base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
}


@pytest.mark.parametrize("encoded", ENCODINGS.values(), ids=list(ENCODINGS))
def test_encodings_of_the_whole_of_it_are_hidden(encoded: str) -> None:
    assert hidden(f"<{encoded}>", SECRET) == "<***>"


#: Both kinds of quotes, a backslash, and letters that are no ASCII: of one byte in Latin-1, of more, and beyond 16 bits.
QUOTED = ("pa'ssword1", 'pa"ssword1', "pa'ss\"word1", "pa\\ss'word1", "wörd'1€1😀1", "it's '", "-hyphens-")
LONGER_TEXTS = {
    "repr": repr,
    "repr of bytes": lambda text: repr(text.encode()),
    "ascii": ascii,
    "a stream of ASCII": lambda text: text.encode("ascii", "backslashreplace").decode(),
    "JSON": json.dumps,
    "words of a shell": shlex.quote,
    "words of Bash": lambda text: "'" + text.replace("'", "'\\''") + "'",
}


@pytest.mark.parametrize("encode", LONGER_TEXTS.values(), ids=list(LONGER_TEXTS))
@pytest.mark.parametrize("around", ["", "x", "'", '"', "'\""])
@pytest.mark.parametrize("secret", QUOTED)
def test_it_is_hidden_in_a_longer_text_that_is_encoded(secret: str, around: str, encode: Callable[[str], str]) -> None:
    left = f"say {around} <"
    right = f"> {around} twice"

    after = hidden(encode(f"{left}{secret}{right}"), secret)

    # What is around it stays, with the quotes and backslashes that the encoding gives to all of it.
    assert re.search(r"say [^<]*<\*\*\*>[^>]*twice", after), after


def test_the_forms_of_a_secret_stay_few() -> None:
    assert len(Mask(["plainword"])._forms) < 10
    assert len(Mask(["pa-ssword"])._forms) < 10
    assert len(Mask([SECRET])._forms) < 40


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "user:"])
@pytest.mark.parametrize("after", ["", "z", "zz", ":rest"])
def test_base64_of_something_that_holds_it_gives_at_most_its_edges(before: str, after: str) -> None:
    encoded = base64.b64encode(f"{before}s3cret-key{after}".encode()).decode()

    rest = hidden(encoded, "s3cret-key").rstrip("=")

    around = sum(math.ceil(8 * len(part) / 6) for part in (before, after))
    assert "***" in rest
    assert len(rest) - len("***") <= around + 1


def test_a_value_of_several_lines_is_hidden_line_by_line() -> None:
    key = "-----BEGIN PRIVATE KEY-----\n  MIIEvQIBADANBg\nabc\nkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----\n"

    assert hidden(key, key) == "-----BEGIN PRIVATE KEY-----\n  ***\nabc\n***\n-----END PRIVATE KEY-----\n"
    assert hidden(json.dumps(key), key).count("***") == 2


@pytest.mark.parametrize(
    "value", ["short", "12345", "1234.5", "-12345", "", "   ", "a\nb\nc", "-----BEGIN X\n-----END X"]
)
def test_what_is_short_is_not_hidden(value: str) -> None:
    assert not Mask([value])
    assert hidden(f"a short line: 12345 {value}", value) == f"a short line: 12345 {value}"


@pytest.mark.parametrize("text", ["123456", "1234567.5", "1234567.50", "0123456", "+1234567"])
def test_numbers_are_hidden_as_written_and_as_printed(text: str) -> None:
    value = float(text) if "." in text else int(text)

    assert hidden(f"pin {text} or {value}!", text) == f"pin {'+' * (text[0] == '+')}*** or ***!"


@pytest.mark.parametrize("value", ["scheduler", "::task-scheduler::", "progress", "result"])
def test_the_words_by_which_runs_tell_are_no_secrets(value: str) -> None:
    assert not Mask([value])


def test_secrets_that_overlap_are_hidden_together() -> None:
    assert hidden("<abcdefghi>", "abcdef", "defghi") == "<***>"
    assert hidden("<abcdefghi>", "abcdef", "abcdefgh") == "<***i>"
    assert hidden("<abcdefghi>", "abcdefghi", "cdefgh") == "<***>"
    assert hidden("<abcdefabcdef>", "abcdef") == "<******>"


def test_spaces_around_a_value_make_no_difference() -> None:
    assert hidden("a s3cret-key b", "  s3cret-key\t") == "a *** b"


def test_a_long_line_is_hidden_in_pieces() -> None:
    secret = "".join(chr(ord("A") + number * number % 53) for number in range(5000))

    assert set(hidden(secret, secret)) == {"*"}
    flow = Flow()
    assert flow.hide(secret[:100].encode(), Mask([secret]), ends=False) == b""
    assert set(flow.hide(secret[100:].encode(), Mask([secret]), ends=True)) == {ord("*")}


@pytest.mark.slow
def test_thousands_of_secrets_that_begin_alike_are_no_trouble() -> None:
    secrets = [f"{'a' * 40}{number:05}" for number in range(3000)]

    assert hidden(f"{secrets[77]} {'a' * 40}", *secrets) == f"*** {'a' * 40}"


@given(TEXTS, st.lists(st.integers(0, 200), max_size=12))
def test_it_makes_no_difference_in_which_pieces_bytes_come(parts: list[str], cuts: list[int]) -> None:
    mask = Mask(SECRETS)
    whole = "".join(parts).encode()
    places = sorted({min(cut, len(whole)) for cut in cuts} | {0, len(whole)})
    flow = Flow()

    pieces = [flow.hide(whole[start:end], mask, ends=False) for start, end in itertools.pairwise(places)]

    assert b"".join([*pieces, flow.hide(b"", mask, ends=True)]) == mask.hide(whole)


@given(TEXTS)
def test_what_is_held_back_is_shorter_than_the_longest_secret(parts: list[str]) -> None:
    mask = Mask(SECRETS)
    longest = max(len(form) for form in mask._forms)
    flow = Flow()

    for part in parts:
        flow.hide(part.encode(), mask, ends=False)

        assert len(flow._held) < longest


@given(TEXTS)
def test_no_byte_of_a_secret_is_left(parts: list[str]) -> None:
    whole = "".join(parts)
    covered = {
        place
        for secret in SECRETS
        for start in range(len(whole))
        if whole.startswith(secret, start)
        for place in range(start, start + len(secret))
    }

    assert hidden(whole, *SECRETS).replace("***", "") == "".join(
        character for place, character in enumerate(whole) if place not in covered
    )


@given(st.text(max_size=40), st.text(st.characters(exclude_characters="*"), min_size=LEAST, max_size=20))
def test_any_text_may_be_a_secret(text: str, secret: str) -> None:
    mask = Mask([secret])
    lines = [line.strip() for line in secret.replace("\r", "\n").split("\n")]

    after = mask.hide_text(f"{text}{secret}{text}")

    assert not [line for line in lines if Mask([line]) and line in after]
