"""Values of the wrong kind, and words that YAML reads otherwise than they are meant."""

from __future__ import annotations

from tests.refusals.row import Row, key

TRUTHS: tuple[Row, ...] = (
    key("enabled-yes", "enabled: yes", "5: error: enabled must be true or false, not the text 'yes': write true"),
    key("enabled-no", "enabled: NO", "5: error: enabled must be true or false, not the text 'NO': write false"),
    key("enabled-on", "enabled: on", "5: error: enabled must be true or false, not the text 'on': write true"),
    key("enabled-off", "enabled: off", "5: error: enabled must be true or false, not the text 'off': write false"),
    key("enabled-y", "enabled: y", "5: error: enabled must be true or false, not the text 'y': write true"),
    key("enabled-number", "enabled: 1", "5: error: enabled must be true or false, not the number 1: write true"),
    key(
        "enabled-quoted",
        'enabled: "false"',
        "5: error: enabled must be true or false, not the text 'false': write false without quotes",
    ),
    key("enabled-null", "enabled: null", "5: error: enabled has no value: give it one, or remove the line"),
    key("enabled-tilde", "enabled: ~", "5: error: enabled has no value: give it one, or remove the line"),
    key("enabled-empty", "enabled:", "5: error: enabled has no value: give it one, or remove the line"),
    key("enabled-word", "enabled: sometimes", "5: error: enabled must be true or false, not the text 'sometimes'"),
    key("enabled-list", "enabled: [true]", "5: error: enabled must be true or false, not a list"),
    key(
        "arguments-text",
        "arguments: --days 7",
        '5: error: arguments must be a list, not the text \'--days 7\': write ["--days", "7"]',
    ),
    key(
        "arguments-number",
        "arguments: [--days, 7]",
        "5: error: arguments[1] must be text, not the number 7: put it in quotes",
    ),
    key("preload-yes", "preload: yes", "5: error: preload must be true or false, not the text 'yes': write true"),
    key("preload-modules", "preload: [numpy]", "5: error: preload must be true or false, not a list"),
)

NUMBERS: tuple[Row, ...] = (
    key(
        "timeout-quoted",
        'timeout: "60"',
        "5: error: timeout must be a whole number, not the text '60': write 60 without quotes",
    ),
    key(
        "timeout-words",
        "timeout: 10 minutes",
        "5: error: timeout must be a whole number, not the text '10 minutes': write 600, in seconds",
    ),
    key(
        "timeout-short-words",
        "timeout: 1h 30m",
        "5: error: timeout must be a whole number, not the text '1h 30m': write 5400, in seconds",
    ),
    key(
        "timeout-sexagesimal",
        "timeout: 1:30",
        "5: error: timeout must be a whole number, not the text '1:30': write digits, such as 300",
    ),
    key(
        "timeout-octal",
        "timeout: 0100",
        "5: error: timeout must be a whole number, not the text '0100': write digits, such as 300",
    ),
    key(
        "timeout-hexadecimal",
        "timeout: 0x3C",
        "5: error: timeout must be a whole number, not the text '0x3C': write digits, such as 300",
    ),
    key(
        "timeout-exponent",
        "timeout: 1e3",
        "5: error: timeout must be a whole number, not the text '1e3': write digits, such as 300",
    ),
    key(
        "timeout-underscore",
        "timeout: 1_000",
        "5: error: timeout must be a whole number, not the text '1_000': write digits, such as 300",
    ),
    key(
        "timeout-comma",
        "timeout: 1,000",
        "5: error: timeout must be a whole number, not the text '1,000': write digits, such as 300",
    ),
    key(
        "timeout-fraction",
        "timeout: 60.5",
        "5: error: timeout must be a whole number, not the number 60.5: write digits, such as 300",
    ),
    key(
        "timeout-whole-fraction",
        "timeout: 60.0",
        "5: error: timeout must be a whole number, not the number 60.0: write 60",
    ),
    key(
        "timeout-infinite",
        "timeout: .inf",
        "5: error: timeout must be a whole number, not the text '.inf': write digits, such as 300",
    ),
    key(
        "timeout-true", "timeout: true", "5: error: timeout must be a whole number, not true: write digits, such as 300"
    ),
    key(
        "timeout-yes",
        "timeout: yes",
        "5: error: timeout must be a whole number, not the text 'yes': write digits, such as 300",
    ),
    key(
        "timeout-none",
        "timeout: none",
        "5: error: timeout must be a whole number, not the text 'none': write digits, such as 300",
    ),
    key("timeout-empty", "timeout:", "5: error: timeout has no value: give it one, or remove the line"),
    key("timeout-zero", "timeout: 0", "5: error: timeout must be from 1 to 604,800 seconds (7 days), not 0"),
    key("timeout-negative", "timeout: -5", "5: error: timeout must be from 1 to 604,800 seconds (7 days), not -5"),
    key(
        "timeout-too-long",
        "timeout: 604801",
        "5: error: timeout must be from 1 to 604,800 seconds (7 days), not 604801",
    ),
    key(
        "timeout-enormous",
        "timeout: 99999999999999999999",
        "5: error: timeout must be a whole number, not the text '99999999999999999999': write digits, such as 300",
    ),
    key(
        "timeout-list",
        "timeout: [60]",
        "5: error: timeout must be a whole number, not a list: write digits, such as 300",
    ),
    key(
        "timeout-mapping",
        "timeout: {seconds: 60}",
        "5: error: timeout must be a whole number, not a mapping: write digits, such as 300",
    ),
    key("retry-count-negative", "retry_count: -1", "5: error: retry_count must be from 0 to 100, not -1"),
    key("retry-count-too-many", "retry_count: 101", "5: error: retry_count must be from 0 to 100, not 101"),
    key(
        "retry-count-word",
        "retry_count: three",
        "5: error: retry_count must be a whole number, not the text 'three': write digits, such as 3",
    ),
    key(
        "retry-count-fraction",
        "retry_count: 1.5",
        "5: error: retry_count must be a whole number, not the number 1.5: write digits, such as 3",
    ),
    key(
        "retry-delay-words",
        "retry_delay: 5 min",
        "5: error: retry_delay must be a whole number, not the text '5 min': write 300, in seconds",
    ),
    key(
        "retry-delay-too-long",
        "retry_delay: 90000",
        "5: error: retry_delay must be from 0 to 86,400 seconds (1 day), not 90000",
    ),
    key(
        "retry-delay-true",
        "retry_delay: true",
        "5: error: retry_delay must be a whole number, not true: write digits, such as 60",
    ),
)

TEXTS: tuple[Row, ...] = (
    key("title-number", "title: 5", "4: error: title must be text, not the number 5: put it in quotes"),
    key("title-true", "title: true", "4: error: title must be text, not true: put it in quotes"),
    key("title-empty", 'title: ""', "4: error: title is empty: write a name, or remove the line"),
    key("title-missing-value", "title:", "4: error: title has no value: give it one, or remove the line"),
    key("title-list", "title: [Report]", "4: error: title must be text, not a list"),
    key("title-mapping", "title: {name: Report}", "4: error: title must be text, not a mapping"),
    key(
        "title-two-lines",
        'title: "first\\nsecond"',
        "4: error: title must be one line without control characters, not the text 'first\\nsecond'",
    ),
    key(
        "title-escape",
        'title: "\\e[31mred"',
        "4: error: title must be one line without control characters, not the text '\\x1b[31mred'",
    ),
    key(
        "title-too-long",
        f"title: {'x' * 201}",
        "4: error: title must be at most 200 characters, not 201",
        did="a title of 201 characters",
    ),
    key(
        "description-number",
        "description: 3.14",
        "4: error: description must be text, not the number 3.14: put it in quotes",
    ),
    key("description-list", "description:\n  - Counts", "4: error: description must be text, not a list"),
    key(
        "description-control",
        'description: "a\\0b"',
        "4: error: description holds the control character U+0000: remove it",
    ),
    key(
        "python-number",
        "python_version: 3.10",
        '5: error: python_version must be text, not the number 3.1: put it in quotes, such as "3.11"',
    ),
    key(
        "python-whole-number",
        "python_version: 3",
        '5: error: python_version must be text, not the number 3: put it in quotes, such as "3.11"',
    ),
    key(
        "python-two",
        'python_version: "2.7"',
        '5: error: python_version must be the lowest version the task runs with, such as "3.11", or a range such as ">=3.9,<3.13", not the text \'2.7\'',
    ),
    key(
        "python-patch",
        'python_version: "3.11.2"',
        '5: error: python_version must be the lowest version the task runs with, such as "3.11", or a range such as ">=3.9,<3.13", not the text \'3.11.2\'',
    ),
    key(
        "python-four",
        'python_version: ">=4"',
        "5: error: python_version allows no version of Python 3: '>=4' excludes them all",
    ),
    key(
        "python-nothing-left",
        'python_version: ">=3.12,<3.11"',
        "5: error: python_version allows no version of Python 3: '>=3.12,<3.11' excludes them all",
    ),
    key(
        "python-word",
        "python_version: latest",
        '5: error: python_version must be the lowest version the task runs with, such as "3.11", or a range such as ">=3.9,<3.13", not the text \'latest\'',
    ),
    key(
        "python-name",
        "python_version: python3.11",
        '5: error: python_version must be the lowest version the task runs with, such as "3.11", or a range such as ">=3.9,<3.13", not the text \'python3.11\'',
    ),
    key("python-list", 'python_version: ["3.11"]', "5: error: python_version must be text, not a list"),
    key("python-true", "python_version: true", "5: error: python_version must be text, not true: put it in quotes"),
    key(
        "start-method-capital",
        "start_method: Fork",
        "5: error: start_method must be fork or spawn, not the text 'Fork', did you mean 'fork'?",
    ),
    key(
        "start-method-other",
        "start_method: forkserver",
        "5: error: start_method must be fork or spawn, not the text 'forkserver'",
    ),
    key(
        "start-method-slip",
        "start_method: spwan",
        "5: error: start_method must be fork or spawn, not the text 'spwan', did you mean 'spawn'?",
    ),
    key("start-method-true", "start_method: true", "5: error: start_method must be fork or spawn, not true"),
)

ZONES: tuple[Row, ...] = (
    key("zone-city", "timezone: Berlin", "5: error: timezone: no time zone 'Berlin', did you mean 'Europe/Berlin'?"),
    key(
        "zone-slip",
        "timezone: Europe/Berln",
        "5: error: timezone: no time zone 'Europe/Berln', did you mean 'Europe/Berlin'?",
    ),
    key(
        "zone-small",
        "timezone: europe/berlin",
        "5: error: timezone: no time zone 'europe/berlin', did you mean 'Europe/Berlin'?",
    ),
    key(
        "zone-space",
        "timezone: America/New York",
        "5: error: timezone: no time zone 'America/New York', did you mean 'America/New_York'?",
    ),
    key(
        "zone-offset",
        'timezone: "+02:00"',
        "5: error: timezone: no time zone '+02:00': write 'Etc/GMT-2', which is 2 hours ahead of UTC all year (names of this kind have the sign turned round), or the zone of a place, such as Europe/Berlin, whose clock may change with the seasons",
    ),
    key("zone-number", "timezone: 2", "5: error: timezone must be text, not the number 2: put it in quotes"),
    key(
        "zone-local",
        "timezone: localtime",
        "5: error: timezone: no time zone 'localtime': write an IANA name such as Europe/Berlin, or UTC",
    ),
    key(
        "zone-path",
        "timezone: ../../etc/passwd",
        "5: error: timezone: no time zone '../../etc/passwd': write an IANA name such as Europe/Berlin, or UTC",
    ),
    key(
        "zone-posix",
        "timezone: posix/Europe/Berlin",
        "5: error: timezone: no time zone 'posix/Europe/Berlin', did you mean 'Europe/Berlin'?",
    ),
    key(
        "zone-empty",
        'timezone: ""',
        "5: error: timezone: no time zone '': write an IANA name such as Europe/Berlin, or UTC",
    ),
    key("zone-null", "timezone: null", "5: error: timezone has no value: give it one, or remove the line"),
    key("zone-list", "timezone: [UTC]", "5: error: timezone must be text, not a list"),
)

KEYS: tuple[Row, ...] = (
    key("key-slip", "retry_cuont: 2", "5: error: unknown key 'retry_cuont', did you mean 'retry_count'?"),
    key("key-capital", "Timeout: 60", "5: error: unknown key 'Timeout', did you mean 'timeout'?"),
    key("key-dash", "retry-count: 2", "5: error: unknown key 'retry-count', did you mean 'retry_count'?"),
    key("key-space", "retry count: 2", "5: error: unknown key 'retry count', did you mean 'retry_count'?"),
    key("key-cron", 'cron: "0 9 * * *"', "5: error: unknown key 'cron', did you mean 'schedule'?"),
    key("key-interval", "interval: 5 minutes", "5: error: unknown key 'interval', did you mean 'schedule'?"),
    key("key-deps", "deps: [requests]", "5: error: unknown key 'deps', did you mean 'dependencies'?"),
    key(
        "key-requirements",
        "requirements: [requests]",
        "5: error: unknown key 'requirements', did you mean 'dependencies'?",
    ),
    key("key-name", "name: Report", "5: error: unknown key 'name', did you mean 'title'?"),
    key("key-python", 'python: "3.11"', "5: error: unknown key 'python', did you mean 'python_version'?"),
    key(
        "key-unknown",
        "owner: Ada",
        "5: error: unknown key 'owner': remove it; docs/task-files.md lists the keys",
    ),
    key(
        "key-foreign-letter",
        "t\u0456meout: 60",
        "5: error: unknown key 't\u0456meout' ('\u0456' is the character U+0456), did you mean 'timeout'?",
        did="`timeout: 60` with a Cyrillic `\u0456`",
    ),
    key(
        "key-number",
        "5: x",
        "5: error: unknown key '5': remove it; docs/task-files.md lists the keys",
    ),
    key(
        "key-true",
        "true: x",
        "5: error: unknown key 'true': remove it; docs/task-files.md lists the keys",
    ),
    key(
        "key-long",
        f"{'k' * 100}: x",
        "5: error: unknown key 'kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk…': remove it; docs/task-files.md lists the keys",
        did="a key of 100 letters",
    ),
    key(
        "key-nested",
        "task:\n  timeout: 60",
        "5: error: unknown key 'task': remove it; docs/task-files.md lists the keys",
    ),
)

ROWS: tuple[Row, ...] = (*TRUTHS, *NUMBERS, *TEXTS, *ZONES, *KEYS)
