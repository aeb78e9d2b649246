"""What `from helpers import …` offers, under which names, with which signatures, and at what price."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from pathlib import Path

import pytest

import helpers
from task_scheduler.watcher.reader import TaskFileReader
from tests.integration.helpers.conftest import REPOSITORY, Plain

INIT = REPOSITORY / "helpers" / "__init__.py"
OLDEST = Path.home() / ".pyenv" / "versions" / "3.8.18" / "bin" / "python"

#: Names, parameters and defaults that tasks in use rely on.
SIGNATURES = {
    "load_config": "(config_name='config.yaml')",
    "get_config_value": "(key_path, config_name='config.yaml', default=None)",
    "save_config": "(config_data, config_name='config.yaml')",
    "list_config_files": "()",
    "get_project_root": "()",
    "log": "(message, level='INFO', task_name=None, extra_data=None, exception=None)",
    "log_debug": "(message, task_name=None, **extra)",
    "log_info": "(message, task_name=None, **extra)",
    "log_warning": "(message, task_name=None, **extra)",
    "log_error": "(message, task_name=None, exception=None, **extra)",
    "log_critical": "(message, task_name=None, exception=None, **extra)",
    "log_task_start": "(task_name=None, **extra)",
    "log_task_complete": "(task_name=None, duration=None, **extra)",
    "log_task_error": "(error_message, task_name=None, exception=None, **extra)",
    "log_execution_result": "(operation, success, details=None, task_name=None)",
    "log_structured_data": "(event_type, data, task_name=None, level='INFO')",
    "create_task_logger": "(task_name)",
    "task_log": "(message, level='INFO', task_name=None, extra_data=None, exception=None)",
    "task_info": "(message, task_name=None, **extra)",
    "task_error": "(message, task_name=None, exception=None, **extra)",
    "task_warning": "(message, task_name=None, **extra)",
    "task_debug": "(message, task_name=None, **extra)",
    "send_notification": "(title, message, timeout=5, icon=None, urgency='normal', app_name='Task Scheduler')",
    "log_notification": "(title, message, result, log_dir='data')",
    "send_and_log_notification": (
        "(title, message, timeout=5, urgency='normal', app_name='Task Scheduler', log_dir='data')"
    ),
    "execute_python_script": (
        "(script_path, args=None, cwd=None, timeout=60, capture_output=True, python_executable=None)"
    ),
    "execute_cli_command": "(command, cwd=None, timeout=60, shell=True, env=None)",
    "process_execution_results": "(results)",
    "execute_script_with_retry": "(script_path, args=None, max_retries=3, retry_delay=5, **kwargs)",
    "remember": "(key, value, task_name=None)",
    "recall": "(key, default=None, task_name=None)",
    "forget": "(key, task_name=None)",
}


@pytest.mark.parametrize(("name", "expected"), SIGNATURES.items(), ids=list(SIGNATURES))
def test_every_function_has_its_signature(name: str, expected: str) -> None:
    signature = inspect.signature(getattr(helpers, name))

    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()]
    assert str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)) == expected


def test_each_name_is_provided_by_its_file_which_editors_and_type_checkers_see() -> None:
    tree = ast.parse(INIT.read_text(encoding="utf-8"))
    seen = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"}

    assert seen == {f"helpers.{module}" for module in helpers._MODULES.values()}
    for name, module in helpers._MODULES.items():
        provided = importlib.import_module(f"helpers.{module}")
        assert name in getattr(provided, "__all__", vars(provided))
    assert helpers.__all__ == list(helpers._MODULES) == sorted(helpers._MODULES)


def test_everything_can_be_imported_by_a_star_where_nothing_is_installed(plain: Plain) -> None:
    said = plain("before = set(dir())\nfrom helpers import *\nprint(sorted(set(dir()) - before - {'before'}))")

    assert ast.literal_eval(said) == sorted(helpers.__all__)


@pytest.mark.parametrize(
    ("name", "unwanted"),
    [
        ("log_info", {"helpers.config_loader", "helpers.external_execution", "helpers.state", "subprocess", "pathlib"}),
        ("remember", {"helpers.config_loader", "helpers.external_execution", "subprocess", "pathlib"}),
        ("load_config", {"yaml", "subprocess", "helpers.task_logging"}),
        ("send_notification", {"plyer", "subprocess", "helpers.task_logging"}),
    ],
)
def test_a_task_pays_only_for_what_it_imports(plain: Plain, name: str, unwanted: set[str]) -> None:
    said = plain(f"import sys\nfrom helpers import {name}\nprint(sorted(sys.modules))")

    assert not unwanted & set(ast.literal_eval(said))


@pytest.mark.parametrize(
    ("names", "packages"),
    [
        (["load_config", "save_config"], ("PyYAML>=6.0",)),
        (["send_notification"], ("plyer>=2.1.0",)),
        (["send_and_log_notification", "get_config_value"], ("PyYAML>=6.0", "plyer>=2.1.0")),
        (["log_info", "get_project_root", "execute_cli_command", "remember", "recall", "progress"], ()),
        (["*"], ("PyYAML>=6.0", "plyer>=2.1.0")),
    ],
)
def test_the_packages_of_a_helper_reach_those_who_use_it(names: list[str], packages: tuple[str, ...]) -> None:
    reader = TaskFileReader(root=REPOSITORY, helpers=REPOSITORY / "helpers")

    assert reader.helper_packages(names) == packages


@pytest.mark.slow
@pytest.mark.skipif(not OLDEST.exists(), reason="needs the oldest Python that tasks may have")
def test_every_helper_works_on_the_oldest_python(plain: Plain, root: Path) -> None:
    (root / "script.py").write_text("import sys; print(sys.version_info[:2])")
    code = """
from helpers import *
assert execute_cli_command("sleep 9", timeout=0.2)["error"] == "timed out after 0.2 s"
remember("n", [1], task_name="a/b")
assert recall("n", task_name="a/b") == [1] and forget("n", task_name="a/b")
assert list_config_files() == [] and not send_notification("a", "b")["success"]
log_notification("a", "b", {})
print(execute_python_script("script.py")["stdout"])
"""

    assert plain(code, python=OLDEST).split() == ["(3,", "8)"]


def test_a_helper_that_is_run_alone_says_nothing(plain: Plain) -> None:
    code = "import runpy, helpers\nfor name in sorted(set(helpers._MODULES.values())):\n    runpy.run_module(f'helpers.{name}')"

    assert plain(code) == ""
    assert sys.version_info >= (3, 11)
