"""What is to be hidden."""

from __future__ import annotations

from task_scheduler.core.secrets import Secrets


def test_secrets_are_not_shown_where_the_whole_is() -> None:
    secrets = Secrets(values=frozenset({"opensesame"}), short=2, warnings=("everybody may read it",))

    assert "opensesame" not in f"{secrets!r} {secrets}"
    assert "everybody may read it" in repr(secrets)


def test_a_value_that_changed_is_told_from_the_one_before() -> None:
    assert Secrets(values=frozenset({"before"})) != Secrets(values=frozenset({"after"}))
    assert Secrets() == Secrets(values=frozenset(), short=0, fault="", warnings=())
