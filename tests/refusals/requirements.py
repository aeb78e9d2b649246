"""Packages: what is no requirement, and what only an installer on a command line could mean."""

from __future__ import annotations

from tests.refusals.row import CODE, Row, file, key


def item(row_id: str, text: str, *said: str, did: str = "") -> Row:
    """One item of `dependencies`."""
    quote = "'" if "'" not in text and "\\" not in text else '"'
    return key(row_id, f"dependencies: [{quote}{text}{quote}]", *said, did=did)


ROWS: tuple[Row, ...] = (
    key(
        "dependencies-text",
        "dependencies: requests",
        "5: error: dependencies must be a list, not the text 'requests': write [\"requests\"]",
    ),
    key(
        "dependencies-several",
        "dependencies: requests, pandas",
        '5: error: dependencies must be a list, not the text \'requests, pandas\': write ["requests", "pandas"]',
    ),
    key(
        "dependencies-number",
        "dependencies: 5",
        '5: error: dependencies must be a list, not the number 5: write ["requests>=2.25"]',
    ),
    key(
        "dependencies-true",
        "dependencies: true",
        '5: error: dependencies must be a list, not true: write ["requests>=2.25"]',
    ),
    key("dependencies-null", "dependencies:", "5: error: dependencies has no value: give it one, or remove the line"),
    key(
        "dependencies-mapping",
        "dependencies:\n  requests: '>=2'",
        '5: error: dependencies must be a list, not a mapping: write ["requests>=2.25"]',
    ),
    key(
        "dependencies-list-of-mappings",
        "dependencies:\n  - requests: '>=2'",
        "6: error: dependencies[0] must be text, not a mapping",
    ),
    key(
        "dependencies-list-of-numbers",
        "dependencies: [5]",
        "5: error: dependencies[0] must be text, not the number 5: put it in quotes",
    ),
    key(
        "dependencies-list-of-null",
        "dependencies:\n  -",
        "6: error: dependencies[0] has no value: give it one, or remove the line",
    ),
    key(
        "dependencies-list-of-lists", "dependencies: [[requests]]", "5: error: dependencies[0] must be text, not a list"
    ),
    key(
        "dependencies-two-bad",
        "dependencies:\n  - -r other.txt\n  - requests\n  - ./package",
        "6: error: dependencies: '-r other.txt' is an option of an installer and not a package: write the packages themselves",
        "8: error: dependencies: './package' is a path: only packages of the index can be installed, such as \"requests>=2.25\"; or set environments.allow_direct_references to true in config/config.yaml if you trust such places",
    ),
    item(
        "item-empty",
        "",
        '5: error: dependencies: an item is empty: write a package such as "requests>=2.25", or remove it',
    ),
    item(
        "item-space",
        " ",
        '5: error: dependencies: an item is empty: write a package such as "requests>=2.25", or remove it',
    ),
    item(
        "option-index",
        "--index-url=https://example.org/simple",
        "5: error: dependencies: '--index-url=https://example.org/simple' is an option of an installer and not a package: write the packages themselves",
    ),
    item(
        "option-editable",
        "-e .",
        "5: error: dependencies: '-e .' is an option of an installer and not a package: write the packages themselves",
    ),
    item(
        "option-file",
        "-r requirements.txt",
        "5: error: dependencies: '-r requirements.txt' is an option of an installer and not a package: write the packages themselves",
    ),
    item(
        "option-inside",
        "requests --pre",
        "5: error: dependencies: 'requests --pre' is not a package with versions: write it like \"requests>=2.25\"",
    ),
    item(
        "item-line-break",
        "requests\\npandas",
        "5: error: dependencies: 'requests\\npandas' holds a line break or another control character: write one package in each item",
    ),
    item(
        "item-comment",
        "requests # the newest",
        "5: error: dependencies: 'requests # the newest' holds a comment: put it after the quotes, or on a line of its own",
    ),
    item(
        "item-two",
        "requests, pandas",
        "5: error: dependencies: 'requests, pandas' names 2 packages: write each as an item of its own",
    ),
    item(
        "item-two-spaced",
        "requests pandas",
        "5: error: dependencies: 'requests pandas' names 2 packages: write each as an item of its own",
    ),
    item(
        "item-one-equals",
        "requests=2.31",
        "5: error: dependencies: 'requests=2.31' has one = sign: write \"requests==2.31\" for exactly that version",
    ),
    item(
        "item-turned",
        "requests=>2.31",
        "5: error: dependencies: 'requests=>2.31' has its sign turned round: write \"requests>=2.31\"",
    ),
    item(
        "item-caret",
        "requests^2.31",
        "5: error: dependencies: 'requests^2.31': ^ is no sign of Python's: write \"requests>=2.31,<…\" with the first version that is too new",
    ),
    item(
        "item-space-version",
        "requests 2.31",
        '5: error: dependencies: \'requests 2.31\' has no sign before the version: write "requests==2.31" or "requests>=2.31"',
    ),
    item(
        "item-no-version",
        "requests>=",
        "5: error: dependencies: 'requests>=' is not a package with versions: write it like \"requests>=2.25\"",
    ),
    item(
        "item-bad-version",
        "requests>=two",
        "5: error: dependencies: 'requests>=two' is not a package with versions: write it like \"requests>=2.25\"",
    ),
    item(
        "item-star",
        "requests>=2.*",
        "5: error: dependencies: 'requests>=2.*': a version that ends with .* goes with == and != only",
    ),
    item(
        "item-compatible",
        "requests~=2",
        "5: error: dependencies: 'requests~=2': ~= needs a version of two numbers or more, such as ~=2.0",
    ),
    item(
        "item-open-extra",
        "requests[socks",
        "5: error: dependencies: 'requests[socks' is not a package with versions: write it like \"requests>=2.25\"",
    ),
    item(
        "item-bad-marker",
        "requests; python > 3",
        "5: error: dependencies: 'requests; python > 3': what follows the semicolon is no condition such as python_version < '3.12'",
    ),
    item(
        "item-python",
        "python>=3.11",
        "5: error: dependencies: 'python>=3.11' is no package: say which Python the file needs with the key python_version",
    ),
    item(
        "item-bad-name",
        "-requests-",
        "5: error: dependencies: '-requests-' is an option of an installer and not a package: write the packages themselves",
    ),
    item(
        "item-foreign-letter",
        "r\u0435quests",
        "5: error: dependencies: 'r\u0435quests' is not a package with versions: write it like \"requests>=2.25\"",
        did="`requests` with a Cyrillic `\u0435`",
    ),
    item(
        "item-shell",
        "requests; rm -rf /",
        "5: error: dependencies: 'requests; rm -rf /' is not a package with versions: write it like \"requests>=2.25\"",
    ),
    item(
        "item-too-long",
        f"{'x' * 600}",
        "5: error: dependencies: an item is longer than 500 characters",
        did="a requirement of 600 characters",
    ),
    item(
        "address-https",
        "https://example.org/package-1.0.tar.gz",
        "5: error: dependencies: 'https://example.org/package-1.0.tar.gz' is an address: only packages of the index can be installed, such as \"requests>=2.25\"; or set environments.allow_direct_references to true in config/config.yaml if you trust such places",
    ),
    item(
        "address-git",
        "git+https://example.org/package.git",
        "5: error: dependencies: 'git+https://example.org/package.git' is an address: only packages of the index can be installed, such as \"requests>=2.25\"; or set environments.allow_direct_references to true in config/config.yaml if you trust such places",
    ),
    item(
        "address-named",
        "package @ https://example.org/package-1.0.tar.gz",
        "5: error: dependencies: 'package @ https://example.org/package-1.0.tar.gz' is an address: only packages of the index can be installed, such as \"requests>=2.25\"; or set environments.allow_direct_references to true in config/config.yaml if you trust such places",
    ),
    item(
        "address-file",
        "package @ file:///srv/package-1.0.tar.gz",
        "5: error: dependencies: 'package @ file:///srv/package-1.0.tar.gz' is an address: only packages of the index can be installed, such as \"requests>=2.25\"; or set environments.allow_direct_references to true in config/config.yaml if you trust such places",
    ),
    item(
        "address-ssh",
        "git+ssh://git@example.org/package.git",
        "5: error: dependencies: 'git+ssh://git@example.org/package.git' is an address: only packages of the index can be installed, such as \"requests>=2.25\"; or set environments.allow_direct_references to true in config/config.yaml if you trust such places",
    ),
    item(
        "path-relative",
        "./package",
        "5: error: dependencies: './package' is a path: only packages of the index can be installed, such as \"requests>=2.25\"; or set environments.allow_direct_references to true in config/config.yaml if you trust such places",
    ),
    item(
        "path-absolute",
        "/srv/package",
        "5: error: dependencies: '/srv/package' is a path: only packages of the index can be installed, such as \"requests>=2.25\"; or set environments.allow_direct_references to true in config/config.yaml if you trust such places",
    ),
    item(
        "path-home",
        "~/package",
        "5: error: dependencies: '~/package' is a path: only packages of the index can be installed, such as \"requests>=2.25\"; or set environments.allow_direct_references to true in config/config.yaml if you trust such places",
    ),
    item(
        "path-wheel",
        "package-1.0-py3-none-any.whl",
        "5: error: dependencies: 'package-1.0-py3-none-any.whl' is a path: only packages of the index can be installed, such as \"requests>=2.25\"; or set environments.allow_direct_references to true in config/config.yaml if you trust such places",
    ),
    item(
        "path-windows",
        "C:\\\\package",
        "5: error: dependencies: 'C:\\\\package' is an address: only packages of the index can be installed, such as \"requests>=2.25\"; or set environments.allow_direct_references to true in config/config.yaml if you trust such places",
    ),
    item(
        "standard-library",
        "json",
        "5: error: dependencies: 'json' comes with Python: remove it, since importing it needs no package",
    ),
    item(
        "standard-library-version",
        "ConfigParser>=5",
        "5: error: dependencies: 'ConfigParser>=5' comes with Python: remove it, since importing it needs no package",
    ),
    key(
        "bounds-of-two",
        "dependencies:\n  - urllib3<2\n  - requests\n  - urllib3>=2.5",
        "8: error: dependencies: 'urllib3<2' and 'urllib3>=2.5' exclude each other: keep one of them",
    ),
    item(
        "bounds-of-one", "urllib3<2,>=2.5", "5: error: dependencies: 'urllib3<2,>=2.5' excludes every version: widen it"
    ),
    key(
        "bounds-exact",
        "dependencies: [Flask==2.0, flask~=3.1]",
        "5: error: dependencies: 'Flask==2.0' and 'flask~=3.1' exclude each other: keep one of them",
    ),
    file(
        "import-known",
        f'"""\n---\ntitle: Report\ndescription: Counts\n---\n"""\nimport yaml\n{CODE}',
        "7: error: imports 'yaml', which none of its packages provides: add \"PyYAML\" to 'dependencies'",
        wrote="import yaml",
        by_check=True,
    ),
    file(
        "import-transitive",
        f'"""\n---\ntitle: Report\ndescription: Counts\ndependencies: [requests]\n---\n"""\nimport urllib3\n{CODE}',
        "8: warning: imports 'urllib3', which none of its packages seems to provide: add \"urllib3\" to 'dependencies'",
        wrote="dependencies: [requests]\n…\nimport urllib3",
        by_check=True,
    ),
    file(
        "import-unknown",
        f'"""\n---\ntitle: Report\ndescription: Counts\n---\n"""\nfrom our_own.tools import x\n{CODE}',
        "7: error: imports 'our_own.tools', which none of its packages provides: add the package to 'dependencies'",
        wrote="from our_own.tools import x",
        by_check=True,
    ),
    file(
        "title-missing",
        f'"""\n---\ndescription: Counts\n---\n"""\n{CODE}',
        "2: warning: title is missing: recommended, and 'title-missing' stands in for the title",
        wrote="---\ndescription: Counts\n---",
    ),
    file(
        "description-missing",
        f'"""\n---\ntitle: Report\n---\n"""\n{CODE}',
        "2: warning: description is missing: recommended, to tell others what the task is for",
        wrote="---\ntitle: Report\n---",
    ),
    file(
        "both-missing",
        f'"""\n---\ntimeout: 60\n---\n"""\n{CODE}',
        "2: warning: title and description are missing: recommended, and 'both-missing' stands in for the title",
        wrote="---\ntimeout: 60\n---",
    ),
)
