"""What a task may import of the project's own code, and whether it is what it was."""

from __future__ import annotations

from task_scheduler.services.local_code import LocalCode
from task_scheduler.testing.fakes import a_reading

FILES = {"report", "tools", "shop/sell", "shop/prices"}


def local_code() -> LocalCode:
    local = LocalCode(known=FILES)
    for task_id in FILES:
        local.note_file(task_id)
    local.note_helpers("h1")
    local.note_module("tools", "t1")
    return local


def test_a_task_that_imports_nothing_of_the_project_depends_on_nothing() -> None:
    local = local_code()

    digest = local.digest_for("report", a_reading(imports=("json", "prices")))
    local.note_helpers("h2")
    local.note_module("tools", "t2")

    assert digest == ""
    assert local.is_current(digest)


def test_a_change_of_helpers_concerns_those_that_import_helpers_alone() -> None:
    local = local_code()
    helped = local.digest_for("report", a_reading(helper_names=("log",)))
    modular = local.digest_for("report", a_reading(imports=("tools",)))

    assert local.note_helpers("h2")

    assert (local.is_current(helped), local.is_current(modular)) == (False, True)


def test_a_change_of_a_module_concerns_those_that_import_modules_alone() -> None:
    local = local_code()
    helped = local.digest_for("report", a_reading(imports=("helpers.log",)))
    modular = local.digest_for("report", a_reading(imports=("tools",)))
    by_path = local.digest_for("shop/sell", a_reading(imports=("tasks.tools",)))
    both = local.digest_for("shop/sell", a_reading(imports=("prices",), helper_names=("log",)))

    assert local.note_module("tools", "t2")

    current = [local.is_current(digest) for digest in (helped, modular, by_path, both)]
    assert current == [True, False, False, False]


def test_a_module_that_appears_or_goes_is_a_change_and_one_that_stays_is_none() -> None:
    local = local_code()

    changes = [
        local.note_module("tools", "t1"),
        local.note_module("more", None),
        local.note_module("more", "m1"),
        local.note_module("more", None),
    ]

    assert changes == [False, False, True, True]


def test_the_digest_does_not_depend_on_the_order_in_which_modules_were_seen() -> None:
    one, other = LocalCode(known=FILES), LocalCode(known=FILES)
    for local, names in ((one, ("a", "b")), (other, ("b", "a"))):
        for name in names:
            local.note_module(name, f"digest of {name}")
    reading = a_reading(imports=("tools",))

    assert one.digest_for("report", reading) == other.digest_for("report", reading)


def test_what_lies_beside_a_task_or_in_the_folder_of_tasks_is_local_and_what_lies_elsewhere_is_not() -> None:
    local = local_code()

    assert local.is_local("report", "shop")
    assert local.is_local("shop/sell", "prices")
    assert local.is_local("shop/sell", "tools")
    assert not local.is_local("report", "prices")
    assert not local.is_local("shop/sell", "requests")
