"""What `explain-env` hides: people send its output to others."""

import pytest

from task_scheduler.cli.explain_env import masked


@pytest.mark.parametrize(
    "name",
    [
        "MYSQL_PWD", "REDIS_AUTH", "SENTRY_DSN", "COOKIE", "PW", "DB_PW", "PW_OF_DB", "SMTP_PASS", "AWS_SESSION", "AWS_SESSION_TOKEN",
        "http_bearer", "SALT", "PRIVATE", "SIGNATURE", "PGPASSWORD", "passwd", "GPG_PASSPHRASE", "GOOGLE_CREDENTIALS",
        "API_KEY", "client_secret", "AUTHORIZATION", "PROXY_AUTHORIZATION",
    ],
)  # fmt: skip
def test_a_variable_that_sounds_secret_is_hidden(name: str) -> None:
    assert masked(name, "1234") == "(hidden)"
    assert masked(name, "") == ""


@pytest.mark.parametrize(
    "name",
    ["PWD", "OLDPWD", "SSH_AUTH_SOCK", "XDG_SESSION_TYPE", "GIT_AUTHOR_NAME", "XAUTHORITY", "PATH", "SPWX", "HOME"],
)
def test_what_only_looks_so_is_shown(name: str) -> None:
    assert masked(name, "1234") == "1234"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("postgres://me:hidden@db/x", "postgres://…@db/x"),
        ("https://leak@h", "https://…@h"),
        ("https://leak@h/a@b", "https://…@h/a@b"),
        ("amqp://me:le@k@h:1/x", "amqp://…@h:1/x"),
        ("https://leak@h?to=a@b", "https://…@h?to=a@b"),
        ("https://leak@h#a@b", "https://…@h#a@b"),
        ("one://a:leak@x two://leak@y", "one://…@x two://…@y"),
        ("https://h/a@b", "https://h/a@b"),
        ("me@h", "me@h"),
    ],
)
def test_a_login_in_an_address_is_hidden_as_a_whole(value: str, shown: str) -> None:
    assert masked("SOME_URL", value) == shown
