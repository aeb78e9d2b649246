"""Files as people write them, put together wrongly: Hypothesis strategies."""

from __future__ import annotations

from hypothesis import strategies as st

from task_scheduler.core.declaration import KEYS

_WORDS = st.sampled_from(
    [
        "yes", "NO", "on", "~", "null", "true", "1:30", "0100", "1e3", "3.10", ".inf", "-5", "0", "60", "600.0", "2026-11-22",
        "every 5 minutes", "daily at 10:30", "monday at 25:00", "*/5 * * * *", "0 9 * * sat-sun", "@daily", "every 0 days",
        "Europe/Berlin", "Mars/Base", "UTC", "3.11", ">=3.9,<3.13", "fork", "Spawn", "requests>=2", "-r x", "git+https://x", "a @ b",
        "a: b", "'", '"', "\\", "#", "&a", "*a", "!!str", "|", ">", "[", "{", "%", "@", "`", "…", "\t", "\x07", "\u2028", "é", "\uff19",
    ]
)  # fmt: skip
_TEXT = _WORDS | st.text(max_size=8) | st.lists(_WORDS, min_size=2, max_size=4).map(" ".join)
_KEY = (
    st.sampled_from(KEYS)
    | st.sampled_from(["", "<<", "Timeout", "cron", "5", "a b", "ti\u0456tle"])
    | st.text(max_size=4)
)


@st.composite
def _value(draw: st.DrawFn) -> str:
    text = draw(_TEXT)
    form = draw(
        st.sampled_from(
            ["{}", "{}", "'{}'", '"{}"', "[{}]", "[{}, {}]", "{{a: {}}}", "\n  - {}\n  - {}", "|\n  {}", ""]
        )
    )
    return form.replace("{}", text).replace("{{", "{").replace("}}", "}")


def _yaml() -> st.SearchStrategy[str]:
    line = st.builds("{}{}{}".format, _KEY, st.sampled_from([": ", ": ", ": ", ":", " = ", "\t: "]), _value())
    return st.lists(line | _TEXT, max_size=6).map("\n".join)


def _toml() -> st.SearchStrategy[str]:
    value = st.builds(
        "{}{}{}".format, st.sampled_from(['"', "'", "", "[", '"""']), _TEXT, st.sampled_from(['"', "'", "", "]", '"""'])
    )
    key = st.sampled_from(["dependencies", "requires-python", "tool.uv.index", *KEYS]) | st.text(max_size=3)
    line = st.builds("{} = {}".format, key, value) | st.sampled_from(
        ["[tool.task-scheduler]", "[tool.uv.sources]", "[[x]]", "[", ""]
    )
    return st.lists(line, max_size=6).map("\n".join)


@st.composite
def _front(draw: st.DrawFn) -> str:
    match draw(st.sampled_from(["docstring", "docstring", "bare", "block", "none"])):
        case "docstring":
            quote = draw(st.sampled_from(['"""', "'''", 'r"""', 'f"""', 'u"""', 'b"""', '"']))
            indent = draw(st.sampled_from(["", "    ", "\t"]))
            inside = f"\n---\n{draw(_yaml())}\n---\n{draw(st.sampled_from(['', 'Words.', '---']))}"
            return quote + inside.replace("\n", f"\n{indent}") + quote[-3:].lstrip("rfub") + "\n"
        case "bare":
            return f"---\n{draw(_yaml())}\n---\n"
        case "block":
            mark = draw(st.sampled_from(["# ", "# ", "#", "    # "]))
            lines = draw(_toml()).split("\n")
            return "".join(f"{mark if line else '#'}{line}\n" for line in ["/// script", *lines, "///"])
        case _:
            return ""


_CALL = st.sampled_from(
    [
        "every(5)", "every()", "every(0)", "every(N)", "cron('0 9 * * 1-5')", "cron('x')", "'x'", ".minutes", ".day", ".monday",
        ".weeks", ".at('10:30')", ".at('10:30', 'UTC')", ".at(5)", ".to(5)", ".do(f)", "()", "[0]", " + 1",
    ]
)  # fmt: skip


@st.composite
def _code(draw: st.DrawFn) -> str:
    schedule = "".join(draw(st.lists(_CALL, max_size=5)))
    imported = draw(
        st.sampled_from(
            [
                "from task_scheduler.decorators import *", "import task_scheduler.decorators as repeat",
                "from task_scheduler import decorators", "from task_scheduler.decorators import cron, every, repeat as r",
                "from helpers import log, nothing", "import yaml, helpers.x", "",
            ]
        )
    )  # fmt: skip
    head = draw(
        st.sampled_from(["def start():", "async def start(a=1):", "def start(:", "class A:", "start = lambda: 0", ""])
    )
    body = draw(
        st.sampled_from(["    pass", "    return", "  x\n\ty", "pass", "    yield\n    await x", "    '''", ""])
    )
    return f"{imported}\n@repeat({schedule}{draw(st.sampled_from(['', ', 1', ', a=[1]', ', *x', ', object()']))})\n{head}\n{body}\n"


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Draw the bytes of a file."""
    above = draw(
        st.sampled_from(
            ["", "", "#!/usr/bin/env python\n", "# coding: utf-8\n", "# coding: latin-1\n", "\n\x0c\n", "\ufeff"]
        )
    )
    parts = draw(st.lists(_front() | _code(), max_size=4))
    text = above + "".join(parts)
    breaks = draw(st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"]))
    return text.replace("\n", breaks).encode(draw(st.sampled_from(["utf-8"] * 9 + ["utf-16"])), errors="surrogatepass")
