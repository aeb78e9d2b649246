"""Tasks that run after one another."""

from __future__ import annotations

from task_scheduler.core.following import circles, strangers


def test_a_task_that_does_not_exist_is_named_with_the_one_that_may_be_meant() -> None:
    after = {"report": {"backup", "bakcup"}}
    assert strangers("report", after, {"backup", "report"}) == [
        "after bakcup: there is no task 'bakcup', did you mean 'backup'?; until there is, this starts nothing"
    ]
    assert strangers("backup", after, set()) == []


def test_only_what_closes_a_circle_is_refused_and_the_shortest_way_is_told() -> None:
    after = {"a": {"b", "x"}, "b": {"c"}, "c": {"d", "a"}, "d": {"a"}, "self": {"self"}, "last": {"a"}}
    end = "each run would start the next one without end, so"
    assert circles("a", after) == {"b": f"a after b after c after a: {end} a is not run after b"}
    assert circles("self", after) == {"self": f"self after self: {end} self is not run after self"}
    assert circles("last", after) == {}
    assert circles("x", after) == {}
