"""Where keys and items of TOML stand."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.watcher.layout import Comment, Path, Place
from task_scheduler.watcher.toml_layout import lay_out


def test_every_key_item_and_comment_has_its_lines() -> None:
    layout = lay_out(
        "# top\na = 1 # one\n[b.'c d']\nx = [\n 'y', # why\n]\nz = '''\n# no\n''' # z\n[[e]]\nf = {g = {}}\n"
    )

    assert layout.places == {
        ("a",): Place(2, 2, "1 #"),
        ("b", "c d"): Place(3, 3),
        ("b", "c d", "x", 0): Place(5, 5, "'y'"),
        ("b", "c d", "x"): Place(4, 6, "[\n "),
        ("b", "c d", "z"): Place(7, 9, "'''"),
        ("e", 0): Place(10, 10),
        ("e", 0, "f", "g"): Place(11, 11, "{}}"),
        ("e", 0, "f"): Place(11, 11, "{g "),
    }
    assert layout.comments == (
        Comment(1, "# top", alone=True),
        Comment(2, "# one", alone=False),
        Comment(5, "# why", alone=False),
        Comment(9, "# z", alone=False),
    )


TEXTS = st.sampled_from(["'a'", '"b\\"#"', "'''\n]'''", '"""x\\"" """', '""', "''", '"""""q"" """', "'# ['"])
PLAIN = st.sampled_from(["1", "true", "1.5", "1979-05-27 07:32:00", "0x1f", "inf"])
VALUES = st.recursive(
    TEXTS | PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[ # c\n" + " ,\n".join(items) + "\n]")
        | st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
    ),
    max_leaves=6,
)


@given(st.lists(VALUES, max_size=5), st.lists(VALUES, max_size=3))
def test_all_that_tomllib_reads_is_found_in_order(above: list[str], below: list[str]) -> None:
    lines = [*(f"a{n} = {value} # c" for n, value in enumerate(above)), "[t.u]"]
    lines += [f"'b {n}'.c = {value}" for n, value in enumerate(below)]
    text = "\n".join(lines)

    places = lay_out(text).places

    wanted = set(_paths(tomllib.loads(text), ()))
    assert wanted - set(places) <= {("t",), *(("t", "u", f"b {n}") for n in range(len(below)))}
    assert set(places) <= wanted
    for name, place in ((path, place) for path, place in places.items() if len(path) == 1):
        assert text.split("\n")[place.line - 1].startswith(f"{name[0]} = ")


def _paths(value: object, path: Path) -> Iterator[Path]:
    if isinstance(value, dict):
        for key, inside in value.items():
            yield (*path, key)
            yield from _paths(inside, (*path, key))
    elif isinstance(value, list):
        for number, inside in enumerate(value):
            yield (*path, number)
            yield from _paths(inside, (*path, number))
