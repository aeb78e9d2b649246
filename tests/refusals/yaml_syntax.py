"""YAML that cannot be read, or that says more than a frontmatter may."""

from __future__ import annotations

from tests.refusals.row import CODE, Row, file, key

_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "\n".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]" for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)

ROWS: tuple[Row, ...] = (
    key(
        "duplicate-key",
        "timeout: 60\ntimeout: 90",
        "6: error: the key 'timeout' is given twice, first in line 5: keep one of them",
    ),
    key(
        "duplicate-key-quoted",
        'timeout: 60\n"timeout": 90',
        "6: error: the key 'timeout' is given twice, first in line 5: keep one of them",
    ),
    key("merge-key", "<<: {timeout: 60}", "5: error: the merge key << is not allowed: write the keys out"),
    key(
        "tag-object",
        "title_of: !!python/object/apply:os.system [ls]",
        "2: warning: title is missing: recommended, and 'tag-object' stands in for the title",
        "4: error: the tag !!python/object/apply:os.system is not allowed: remove it",
        "4: error: unknown key 'title_of', did you mean 'title'?",
    ),
    key("tag-text", "timezone: !!str UTC", "5: error: the tag !!str is not allowed: remove it"),
    key("tag-own", "timezone: !zone UTC", "5: error: the tag !zone is not allowed: remove it"),
    key(
        "anchor",
        "timezone: &zone UTC",
        "5: error: the anchor &zone is not allowed: remove it, or put the value in quotes",
    ),
    key(
        "alias", "timezone: *zone", "5: error: the alias *zone is not allowed: write the value out, or put it in quotes"
    ),
    key(
        "alias-bomb",
        _BOMB,
        "5: error: the anchor &a is not allowed: remove it, or put the value in quotes",
        "5: error: unknown key 'a': remove it; docs/task-files.md lists the keys",
        "6: error: the anchor &b is not allowed: remove it, or put the value in quotes",
        "6: error: the alias *a is not allowed: write the value out, or put it in quotes",
        "6: error: unknown key 'b': remove it; docs/task-files.md lists the keys",
        "7: error: the anchor &c is not allowed: remove it, or put the value in quotes",
        "7: error: the alias *b is not allowed: write the value out, or put it in quotes",
        "7: error: unknown key 'c': remove it; docs/task-files.md lists the keys",
        "8: error: the anchor &d is not allowed: remove it, or put the value in quotes",
        "8: error: the alias *c is not allowed: write the value out, or put it in quotes",
        "8: error: unknown key 'd': remove it; docs/task-files.md lists the keys",
        "9: error: the anchor &e is not allowed: remove it, or put the value in quotes",
        "9: error: the alias *d is not allowed: write the value out, or put it in quotes",
        "9: error: unknown key 'e': remove it; docs/task-files.md lists the keys",
        "10: error: the anchor &f is not allowed: remove it, or put the value in quotes",
        "10: error: the alias *e is not allowed: write the value out, or put it in quotes",
        "10: error: unknown key 'f': remove it; docs/task-files.md lists the keys",
        "11: error: the anchor &g is not allowed: remove it, or put the value in quotes",
        "11: error: the alias *f is not allowed: write the value out, or put it in quotes",
        "11: error: unknown key 'g': remove it; docs/task-files.md lists the keys",
        "12: error: the anchor &h is not allowed: remove it, or put the value in quotes",
        "12: error: the alias *g is not allowed: write the value out, or put it in quotes",
        "12: error: unknown key 'h': remove it; docs/task-files.md lists the keys",
        "13: error: the anchor &i is not allowed: remove it, or put the value in quotes",
        "13: error: the alias *h is not allowed: write the value out, or put it in quotes",
        "13: error: unknown key 'i': remove it; docs/task-files.md lists the keys",
        did="nine lists of nine aliases each, a billion values in all",
    ),
    key(
        "cron-unquoted",
        "schedule: */5 * * * *",
        "5: error: a value that begins with * must be in quotes: schedule: */5 * * * *",
    ),
    key(
        "cron-unquoted-list",
        "schedule:\n  - * * * * *",
        "6: error: a value that begins with * must be in quotes: - * * * * *",
    ),
    key("at-sign", "timezone: @UTC", "5: error: a value that begins with @ must be in quotes: timezone: @UTC"),
    key("percent-sign", "timezone: %UTC", "5: error: a value that begins with % must be in quotes: timezone: %UTC"),
    key("backtick", "timezone: `UTC`", "5: error: a value that begins with ` must be in quotes: timezone: `UTC`"),
    key(
        "colon-in-value",
        "timezone: UTC: really",
        "5: error: put a value that holds ': ' in quotes, and begin every key in the same column: timezone: UTC: really",
    ),
    key("no-space-after-colon", "timeout:60", "5: error: put a space after the colon: timeout: 60"),
    key("no-colon", "timeout", "5: error: write lines of 'key: value': timeout"),
    key("equals-sign", "timeout = 60", "5: error: write lines of 'key: value': timeout = 60"),
    key("tab", "dependencies:\n\t- requests", "6: error: a tab stands where only spaces may: replace it with spaces"),
    key("tab-before-key", "\ttimeout: 60", "5: error: a tab stands where only spaces may: replace it with spaces"),
    key(
        "indented-key",
        "timezone: UTC\n  timeout: 60",
        "6: error: put a value that holds ': ' in quotes, and begin every key in the same column: timeout: 60",
    ),
    key(
        "open-bracket",
        "dependencies: [requests",
        "5: error: the bracket opened in 'dependencies: [requests' is never closed",
    ),
    key(
        "open-brace",
        "dependencies: {requests",
        "5: error: the bracket opened in 'dependencies: {requests' is never closed",
    ),
    key("open-quote", 'timezone: "UTC', '5: error: the quote opened here is never closed: timezone: "UTC'),
    key(
        "closing-bracket",
        "dependencies: requests]",
        "5: error: dependencies must be a list, not the text 'requests]': write [\"requests]\"]",
    ),
    key(
        "text-after-quote",
        'timezone: "UTC" please',
        '5: error: nothing may follow a quoted value or a bracket: timezone: "UTC" please',
    ),
    key(
        "backslash",
        'timezone: "C:\\zones"',
        '5: error: a backslash between double quotes has a meaning of its own, use single quotes: timezone: "C:\\zones"',
    ),
    key("missing-key", ": 60", "5: error: a key is missing before the colon: : 60"),
    key("complex-key", "? [a, b]\n: 60", "5: error: a key must be a plain word"),
    key("list-key", "[a, b]: 60", "5: error: a key must be a plain word"),
    key(
        "nested-deeply",
        f"dependencies: {'[' * 12}{']' * 12}",
        "5: error: nested more than 8 levels deep: write it flatter",
    ),
    key(
        "nested-very-deeply",
        f"dependencies: {'[' * 5_000}",
        "5: error: nested more than 8 levels deep: write it flatter",
        did="`dependencies:` and 5,000 brackets",
    ),
    key(
        "two-documents",
        "timezone: UTC\n...\ntimeout: 60",
        "7: error: only one block of YAML is allowed here, without lines that begin with ... or %: timeout: 60",
    ),
    key(
        "directive",
        "%YAML 1.1",
        "6: error: only one block of YAML is allowed here, without lines that begin with ... or %",
    ),
    key(
        "control-character",
        "timezone: UTC\x07",
        "5: error: the character U+0007 is not allowed here: remove it",
        did="a bell character (U+0007) after `UTC`",
    ),
    key(
        "line-separator",
        "timezone: UTC\u2028",
        "5: error: the character U+2028 is not allowed here: remove it",
        did="a line separator (U+2028) after `UTC`",
    ),
    key(
        "zero-width-space",
        "timezone: UTC\u200b",
        "5: error: timezone: no time zone 'UTC\\u200b', did you mean 'UTC'?",
        did="a zero-width space (U+200B) after `UTC`",
    ),
    key(
        "no-break-space",
        "timeout:\u00a060",
        "5: error: write lines of 'key: value': timeout:\\xa060",
        did="a no-break space (U+00A0) after `timeout:`",
    ),
    key("curly-quotes", "timezone: “UTC”", "5: error: timezone: no time zone '“UTC”', did you mean 'UTC'?"),
    key(
        "too-long",
        f"description_of: {'x' * 70_000}",
        "2: error: the frontmatter is longer than 65,536 characters: shorten it",
        did="a frontmatter of 70,000 characters",
    ),
    file(
        "only-text",
        f'"""\n---\nCounts the reports.\n---\n"""\n{CODE}',
        "3: error: the frontmatter must be lines of 'key: value'",
        wrote="---\nCounts the reports.\n---",
    ),
    file(
        "only-list",
        f'"""\n---\n- title\n- description\n---\n"""\n{CODE}',
        "3: error: the frontmatter must be lines of 'key: value'",
        wrote="---\n- title\n- description\n---",
    ),
    file(
        "empty",
        f'"""\n---\n---\n"""\n{CODE}',
        "2: warning: title and description are missing: recommended, and 'empty' stands in for the title",
        wrote="---\n---",
    ),
)
