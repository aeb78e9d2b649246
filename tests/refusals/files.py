"""Where the frontmatter stands, how the file is encoded, and code that cannot be read."""

from __future__ import annotations

from tests.refusals.row import CODE, IMPORT, Row, code, file

_FRONT = "---\ntitle: Report\ndescription: Counts\n---"
_GOOD = f'"""\n{_FRONT}\n"""\n{CODE}'

PLACES: tuple[Row, ...] = (
    file(
        "docstring-f-string",
        f'f"""\n{_FRONT}\n"""\n{CODE}',
        "1: error: the frontmatter stands in an f-string, which is no docstring: remove the f",
        wrote=f'f"""\n{_FRONT}\n"""',
    ),
    file(
        "docstring-f-string-field",
        f'f"""\n---\ntitle: {{name}}\n---\n"""\n{CODE}',
        "1: error: the frontmatter stands in an f-string, which is no docstring: remove the f",
        wrote='f"""\n---\ntitle: {name}\n---\n"""',
    ),
    file(
        "docstring-bytes",
        f'b"""\n{_FRONT}\n"""\n{CODE}',
        "1: error: the frontmatter stands in a bytes literal, which is no docstring: remove the b",
        wrote=f'b"""\n{_FRONT}\n"""',
    ),
    file(
        "docstring-second",
        f'import os\n\n"""\n{_FRONT}\n"""\n{CODE}',
        "3: error: the frontmatter must be the first thing in the file: move this docstring above all code",
        wrote=f'import os\n\n"""\n{_FRONT}\n"""',
    ),
    file(
        "docstring-after-docstring",
        f'"""Counts."""\n\n"""\n{_FRONT}\n"""\n{CODE}',
        "3: error: the frontmatter must be the first thing in the file: move this docstring above all code",
        wrote=f'"""Counts."""\n\n"""\n{_FRONT}\n"""',
    ),
    file(
        "docstring-unclosed",
        f'"""\n---\ntitle: Report\n"""\n{CODE}',
        "1: error: the frontmatter opened here is never closed: end it with a line of only ---",
        wrote='"""\n---\ntitle: Report\n"""',
    ),
    file(
        "docstring-unclosed-dots",
        f'"""\n---\ntitle: Report\n...\n"""\n{CODE}',
        "1: error: the frontmatter opened here is never closed: end it with a line of only ---",
        wrote='"""\n---\ntitle: Report\n...\n"""',
    ),
    file(
        "docstring-open",
        f'"""\n{_FRONT}\n{CODE}',
        '1: error: syntax error: unterminated triple-quoted string literal (detected at line 11): """',
        wrote=f'"""\n{_FRONT}',
    ),
    file(
        "bare-unclosed",
        f"---\ntitle: Report\n{CODE}",
        "1: error: the frontmatter opened here is never closed: end it with a line of only ---",
        wrote="---\ntitle: Report\nimport os",
    ),
    file(
        "bare-and-docstring",
        f'{_FRONT}\n"""\n{_FRONT}\n"""\n{CODE}',
        "6: error: the frontmatter is given more than once, before the code (line 1) and in the docstring (line 6): keep one of them",
        wrote=f'{_FRONT}\n"""\n{_FRONT}\n"""',
    ),
    file(
        "bare-and-block",
        f"{_FRONT}\n# /// script\n# dependencies = []\n# ///\n{CODE}",
        "5: error: the frontmatter is given more than once, before the code (line 1) and as # /// script (line 5): keep one of them",
        wrote=f"{_FRONT}\n# /// script\n# dependencies = []\n# ///",
    ),
    file(
        "docstring-and-block",
        f'"""\n{_FRONT}\n"""\n# /// script\n# dependencies = []\n# ///\n{CODE}',
        "7: error: the frontmatter is given more than once, in the docstring (line 2) and as # /// script (line 7): keep one of them",
        wrote=f'"""\n{_FRONT}\n"""\n# /// script\n# dependencies = []\n# ///',
    ),
    file(
        "bare-after-code",
        f"import os\n{_FRONT}\n{CODE}",
        "2: error: a frontmatter begins with a line of exactly ---, above all code: move it there, or remove this line",
        wrote=f"import os\n{_FRONT}",
    ),
    file(
        "bare-four-dashes",
        f"----\ntitle: Report\n----\n{CODE}",
        "1: error: a frontmatter begins with a line of exactly ---, above all code: move it there, or remove this line",
        wrote="----\ntitle: Report\n----",
    ),
    file(
        "bare-bad-value",
        f"---\ntitle: Report\ndescription: Counts\ntimeout: yes\n---\n{CODE}",
        "4: error: timeout must be a whole number, not the text 'yes': write digits, such as 300",
        wrote="---\n…\ntimeout: yes\n---",
    ),
    file(
        "bare-syntax-error",
        f"{_FRONT}\ndef start(:\n",
        "5: error: syntax error: invalid syntax: def start(:",
        wrote=f"{_FRONT}\ndef start(:",
    ),
)

ENCODINGS: tuple[Row, ...] = (
    file(
        "cookie-latin-1",
        f"# -*- coding: latin-1 -*-\n{_GOOD}",
        "1: error: its encoding is latin-1: save it as UTF-8 and remove this line",
        wrote="# -*- coding: latin-1 -*-",
    ),
    file(
        "cookie-second-line",
        f"#!/usr/bin/python3\n# vim: set fileencoding=cp1252 :\n{_GOOD}",
        "2: error: its encoding is cp1252: save it as UTF-8 and remove this line",
        wrote="#!/usr/bin/python3\n# vim: set fileencoding=cp1252 :",
    ),
    file(
        "cookie-unknown",
        f"# coding: klingon\n{_GOOD}",
        "1: error: its encoding is klingon: save it as UTF-8 and remove this line",
        wrote="# coding: klingon",
    ),
    file(
        "cookie-utf-16",
        f"# coding: utf-16\n{_GOOD}",
        "1: error: its encoding is utf-16: save it as UTF-8 and remove this line",
        wrote="# coding: utf-16",
    ),
    file(
        "saved-latin-1",
        f'{_GOOD}print("\xe9")\n'.encode("latin-1"),
        "13: error: the byte 0xe9 is not UTF-8: save the file as UTF-8",
        did='`print("é")` saved as Latin-1',
    ),
    file(
        "saved-cp1252",
        f"{_GOOD}# 5 \u20ac\n".encode("cp1252"),
        "13: error: the byte 0x80 is not UTF-8: save the file as UTF-8",
        did="`# 5 €` saved as Windows-1252",
    ),
    file(
        "saved-utf-16",
        _GOOD.encode("utf-16"),
        "error: it is saved as UTF-16 or UTF-32: save it as UTF-8",
        did="saved as UTF-16",
    ),
    file(
        "saved-utf-16-unmarked",
        _GOOD.encode("utf-16-le"),
        "error: it is saved as UTF-16 or UTF-32: save it as UTF-8",
        did="saved as UTF-16 without a byte order mark",
    ),
    file(
        "saved-utf-16-big",
        _GOOD.encode("utf-16-be"),
        "error: it is saved as UTF-16 or UTF-32: save it as UTF-8",
        did="saved as UTF-16, big end first, without a mark",
    ),
    file(
        "saved-utf-32",
        _GOOD.encode("utf-32"),
        "error: it is saved as UTF-16 or UTF-32: save it as UTF-8",
        did="saved as UTF-32",
    ),
    file(
        "surrogate",
        f"{_GOOD}# \ud800\n".encode("utf-8", "surrogatepass"),
        "13: error: the byte 0xed is not UTF-8: save the file as UTF-8",
        did="half a surrogate pair in a comment",
    ),
    file(
        "null-byte",
        f"{_GOOD}x = 1\0\n",
        "13: error: it holds a null byte: save it as UTF-8 text",
        did="a null byte after `x = 1`",
    ),
    file(
        "binary",
        b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0",
        "1: error: it holds a null byte: save it as UTF-8 text",
        did="a program renamed to .py",
    ),
    file(
        "compressed",
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03",
        "1: error: it holds a null byte: save it as UTF-8 text",
        did="a compressed file renamed to .py",
    ),
    file(
        "too-large",
        b"#" * 1_000_001,
        "error: it is larger than 1,000,000 bytes: move data and generated code into files of their own",
        did="a file of 1,000,001 bytes",
    ),
    file(
        "mark-and-cookie",
        f"\ufeff# coding: latin-1\n{_GOOD}",
        "1: error: its encoding is latin-1: save it as UTF-8 and remove this line",
        did="a byte order mark above `# coding: latin-1`",
    ),
)

PYTHON: tuple[Row, ...] = (
    code("syntax-parenthesis", 'print("a"', "8: error: syntax error: '(' was never closed: print(\"a\""),
    code("syntax-colon", "def count()\n    pass", "8: error: syntax error: expected ':': def count()"),
    code(
        "syntax-indentation",
        "def count():\npass",
        "9: error: syntax error: expected an indented block after function definition on line 8: pass",
    ),
    code("syntax-unexpected-indentation", "  x = 1", "8: error: syntax error: unexpected indent: x = 1"),
    code(
        "syntax-tabs",
        "if True:\n        x = 1\n\ty = 2",
        "10: error: syntax error: inconsistent use of tabs and spaces in indentation: y = 2",
        did="spaces in one line, a tab in the next",
    ),
    code(
        "syntax-quote",
        "x = 'it's'",
        "8: error: syntax error: unterminated string literal (detected at line 8): x = 'it's'",
    ),
    code(
        "syntax-open-text",
        'x = """open',
        '8: error: syntax error: unterminated triple-quoted string literal (detected at line 8): x = """open',
    ),
    code(
        "syntax-python-two",
        'print "hello"',
        "8: error: syntax error: Missing parentheses in call to 'print'. Did you mean print(...)?: print \"hello\"",
    ),
    code(
        "syntax-python-two-except",
        "try:\n    pass\nexcept ValueError, e:\n    pass",
        "10: error: syntax error: multiple exception types must be parenthesized: except ValueError, e:",
    ),
    code("syntax-conflict", "<<<<<<< HEAD\nx = 1\n=======", "8: error: syntax error: invalid syntax: <<<<<<< HEAD"),
    code("syntax-shell", "$ pip install requests", "8: error: syntax error: invalid syntax: $ pip install requests"),
    code(
        "syntax-curly-quotes",
        "print(“hello”)",
        "8: error: syntax error: invalid character '“' (U+201C): print(“hello”)",
    ),
    code(
        "syntax-no-break-space",
        "x =\u00a01",
        "8: error: syntax error: invalid non-printable character U+00A0: x =\\xa01",
        did="a no-break space (U+00A0) in `x = 1`",
    ),
    code(
        "syntax-return",
        "return 5",
        "8: error: syntax error: 'return' outside function: return 5",
    ),
    code(
        "syntax-leading-zero",
        "x = 012",
        "8: error: syntax error: leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers: x = 012",
    ),
    code(
        "syntax-await",
        "await ready()",
        "8: error: syntax error: 'await' outside function: await ready()",
    ),
    file(
        "syntax-line-break",
        f"{_GOOD}x = 1 \\ \n+ 2\n",
        "13: error: syntax error: unexpected character after line continuation character: x = 1 \\",
        wrote="x = 1 \\ \n+ 2",
        did="",
    ),
    code(
        "nested-parentheses",
        "x = " + "(" * 500 + ")" * 500,
        "8: error: syntax error: too many nested parentheses: x = ((((((((((((((((((((((((((((((((((((((((((((((((((((((((",
        did="500 parentheses around nothing",
    ),
    code(
        "nested-open-parentheses",
        "x = " + "(" * 100_000,
        "8: error: syntax error: too many nested parentheses: x = ((((((((((((((((((((((((((((((((((((((((((((((((((((((((",
        did="100,000 parentheses",
    ),
    code(
        "nested-signs",
        "x = " + "-" * 50_000 + "1",
        "error: its code is nested too deeply to be read: split the expression up",
        did="50,000 minus signs before a 1",
    ),
    code(
        "nested-attributes",
        "x = a" + ".b" * 30_000,
        "error: its code is nested too deeply to be read: split the expression up",
        did="30,000 attributes of attributes",
    ),
    code(
        "nested-blocks",
        "".join(f"{' ' * depth}if x:\n" for depth in range(150)) + " " * 150 + "pass",
        "108: error: syntax error: too many levels of indentation: if x:",
        did="150 blocks in each other",
    ),
    code(
        "long-line",
        f"x = '{'y' * 300_000}",
        "8: error: syntax error: unterminated string literal (detected at line 8): x = 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
        did="a line of 300,000 characters with a quote that is never closed",
    ),
    code(
        "huge-number",
        f"x = {'9' * 5_000}",
        "8: error: syntax error: Exceeds the limit (4300 digits) for integer string conversion: value has 5000 digits; use sys.set_int_max_str_digits() t…: x = 99999999999999999999999999999999999999999999999999999999",
        did="a number of 5,000 digits",
    ),
    file(
        "markdown",
        f"```python\n{IMPORT}```\n",
        "1: error: syntax error: invalid syntax: ```python",
        wrote="```python\nprint()\n```",
    ),
    file(
        "html",
        "<!DOCTYPE html>\n<html></html>\n",
        "1: error: syntax error: invalid syntax: <!DOCTYPE html>",
        wrote="<!DOCTYPE html>",
    ),
    file(
        "notebook",
        '{"cells": [], "metadata": {"a": null}, "nbformat": 4,\n',
        '1: error: syntax error: \'{\' was never closed: {"cells": [], "metadata": {"a": null}, "nbformat": 4,',
        wrote='{"cells": [], …',
    ),
    file(
        "newer-python",
        '"""\n---\ntitle: Report\ndescription: Counts\npython_version: "3.99"\n---\n"""\nx = new syntax\n',
        "8: error: syntax error: invalid syntax: x = new syntax; the scheduler reads it with Python 3.11, so run the scheduler with 3.99",
        wrote='python_version: "3.99"\n…\nx = new syntax',
    ),
)

ROWS: tuple[Row, ...] = (*PLACES, *ENCODINGS, *PYTHON)
