"""What the original's documentation promises, chapter by chapter."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tests.parity.row import Row

_LIFE = "acceptance/test_life_of_a_file.py::"
_DEATH = "acceptance/test_every_death.py::"
_TRIGGERS = "unit/core/triggers/"
_HELPERS = "integration/helpers/"

PROMISED: Mapping[str, tuple[Row, ...]] = MappingProxyType(
    {
        "Introduction": (
            Row(
                lines=(1, 4),
                says="Tasks are run in the background, with their packages, schedules, lateness, memory and watching taken care of",
                here="[What it is](../index.md)",
                tests=(_LIFE + "test_a_dropped_file_runs_at_the_next_boundary_and_everything_about_it_is_on_record",),
            ),
            Row(
                lines=(5, 25),
                says="The first example logs to `logs/tasks.log` under its title",
                here="[In five minutes](../quickstart.md), [Helpers](../helpers.md)",
                tests=(_LIFE + "test_the_first_example_of_the_readme_logs_under_its_title",),
                blocks=(7,),
            ),
            Row(
                lines=(26, 28),
                says="Examples come with it",
                here="[Examples](../examples.md)",
                tests=(
                    "integration/examples/test_examples.py::test_there_are_the_eight_the_documentation_names",
                    "integration/watcher/test_folder.py::test_examples_and_patterns_are_options",
                ),
            ),
        ),
        "Features": (
            Row(
                lines=(29, 32),
                says="Tasks run at boundaries of the clock, not at intervals from a start",
                here="[Schedules](../schedules.md)",
                tests=(_TRIGGERS + "test_laws.py::test_a_restart_between_two_slots_changes_nothing",),
                blocks=(513,),
            ),
            Row(
                lines=(33, 33),
                says="A task names its packages in its frontmatter, and they are there",
                here="[Environments](../environments.md)",
                tests=("acceptance/test_real_install.py::test_a_scraper_gets_its_packages_and_writes_what_it_read",),
                blocks=(147, 174),
            ),
            Row(
                lines=(34, 34),
                says="New files are found and loaded without a restart",
                here="[Task files](../task-files.md)",
                tests=(_LIFE + "test_an_edit_is_in_force_within_a_second_and_never_two_versions_at_once",),
            ),
            Row(
                lines=(35, 35),
                says="One place for settings, files of a task's own, and secrets",
                here="[Settings](../settings.md), [Secrets](../secrets.md)",
                blocks=(297, 329),
            ),
            Row(
                lines=(36, 36),
                says="Memory is given back and watched",
                here="[Operation](../operation.md)",
                tests=("acceptance/test_memory.py::test_a_limit_below_its_size_restarts_it_exactly_once",),
            ),
            Row(
                lines=(37, 37),
                says="A SQLite database holds the history and finds missed schedules",
                here="[What happens to a run](../runs.md)",
                tests=(_DEATH + "test_slots_missed_while_no_scheduler_was_there_are_all_accounted_for",),
            ),
            Row(
                lines=(38, 38),
                says="Structured logs, put aside in time, and logs of tasks",
                here="[Operation](../operation.md)",
                tests=(
                    "integration/test_logs.py::test_a_file_is_put_aside_when_its_time_has_come",
                    "integration/test_helpers_logging.py::test_every_function_writes_its_line",
                ),
            ),
            Row(
                lines=(39, 39),
                says="Punctual like cron, and what is overdue is noticed",
                here="[Schedules](../schedules.md#slots-that-could-not-run-in-time)",
                tests=("unit/services/test_scheduler.py::test_once_runs_the_newest_slot_and_says_which_it_stands_for",),
            ),
            Row(
                lines=(40, 40),
                says="Frontmatter stands in a docstring, so that editors understand the file",
                here="[Task files](../task-files.md#three-ways-to-write-it)",
                tests=("unit/watcher/test_reader.py::test_the_documented_example_is_a_task",),
                blocks=(147,),
            ),
            Row(
                lines=(41, 42),
                says="An edit of the settings is applied without a restart",
                here="[Settings](../settings.md)",
                tests=(
                    "acceptance/test_hot_reload.py::test_an_edit_is_in_force_within_five_seconds_and_is_told_key_by_key",
                ),
                blocks=(646,),
            ),
        ),
        "Structure of the project": (
            Row(
                lines=(43, 79),
                says="Folders and files have the names people know: `tasks/`, `helpers/`, `config/`, `logs/`, `data/`, `scripts/`, `tests/`, `main.py`, `requirements.txt`",
                here="[In five minutes](../quickstart.md); the settings of pytest are in `pyproject.toml`",
                blocks=(47,),
            ),
        ),
        "Installation": (
            Row(
                lines=(80, 88),
                says="Clone or download, and go there",
                here="[In five minutes](../quickstart.md)",
                tests=("acceptance/test_packaging.py::test_the_sdist_holds_what_a_clone_needs",),
                blocks=(85,),
            ),
            Row(
                lines=(89, 93),
                says="`sudo ./scripts/install.sh` makes it a service of systemd",
                here="[Services](../services.md)",
                tests=("integration/scripts/test_install.py::test_a_life_of_an_installation",),
                blocks=(91,),
            ),
            Row(
                lines=(94, 100),
                says="`systemctl start` and `status` of `task-scheduler`",
                here="[Services](../services.md)",
                tests=(
                    "integration/scripts/test_install.py::test_systemd_finds_no_fault_with_the_unit",
                    "integration/scripts/test_install.py::test_systemd_is_told_of_the_unit_where_it_runs_and_nothing_is_started",
                ),
                blocks=(96,),
            ),
            Row(
                lines=(101, 110),
                says="A venv made by hand from `requirements.txt` serves",
                here="[In five minutes](../quickstart.md); `python3 main.py` makes one by itself",
                tests=("integration/starting/test_preparing.py::test_a_persons_venv_that_serves_is_used",),
                blocks=(104,),
            ),
            Row(
                lines=(111, 123),
                says="`./scripts/setup_cron.sh` makes the scripts that monitor, rotate and run, and tells the entries for cron",
                here="[Services](../services.md)",
                tests=(
                    "integration/scripts/test_setup_cron.py::test_crons_own_daemon_has_the_scheduler_work",
                    "integration/scripts/test_setup_cron.py::test_entries_come_and_go_and_all_else_stays_byte_for_byte",
                ),
                blocks=(113,),
            ),
            Row(
                lines=(124, 137),
                says="By hand: a venv, then `python main.py --config config/config.yaml`",
                here="[In five minutes](../quickstart.md)",
                blocks=(127, 134),
            ),
        ),
        "Creating tasks": (
            Row(
                lines=(138, 141),
                says="A task is a Python file in `tasks/` with frontmatter and a function `start()`",
                here="[Task files](../task-files.md)",
                tests=("unit/watcher/test_reader.py::test_the_documented_example_is_a_task",),
            ),
            Row(
                lines=(142, 171),
                says="Frontmatter in a docstring",
                here="[Task files](../task-files.md#three-ways-to-write-it)",
                tests=("unit/watcher/test_dialects.py::test_all_dialects_declare_the_same",),
                blocks=(147,),
            ),
            Row(
                lines=(172, 196),
                says="Frontmatter bare before the code",
                here="[Task files](../task-files.md#three-ways-to-write-it)",
                tests=("integration/execution/test_sources.py::test_a_file_with_bare_frontmatter_runs",),
                blocks=(174,),
            ),
            Row(
                lines=(197, 200),
                says="The first form is recommended: the file can be imported, tested and linted by itself",
                here="[Task files](../task-files.md#three-ways-to-write-it); `fmt` rewrites one into another",
                tests=("unit/watcher/test_conversion.py::test_any_dialect_becomes_any_other",),
                blocks=(147, 655),
            ),
            Row(
                lines=(201, 207),
                says="`title`: text, the file's name by default",
                here="[Frontmatter](fields.md#title)",
                tests=(
                    "unit/core/test_declaration.py::test_silence_means_the_documented_defaults",
                    "integration/test_helpers_logging.py::test_a_file_without_title_is_named_by_its_file",
                ),
            ),
            Row(
                lines=(208, 208),
                says="`description`: text, empty by default",
                here="[Frontmatter](fields.md#description)",
                tests=("unit/core/test_declaration.py::test_silence_means_the_documented_defaults",),
            ),
            Row(
                lines=(209, 209),
                says="`dependencies`: a list as pip writes it, empty by default",
                here="[Frontmatter](fields.md#dependencies)",
                tests=("unit/watcher/test_requirements.py::test_packages_with_versions_are_taken",),
                blocks=(220,),
            ),
            Row(
                lines=(210, 210),
                says='`python_version`: the lowest Python, `"3.8"` by default',
                here="[Frontmatter](fields.md#python_version)",
                tests=(
                    "integration/environments/test_interpreters.py::test_a_refusal_names_what_was_found",
                    "integration/execution/test_running.py::test_old_pythons_can_host",
                ),
            ),
            Row(
                lines=(211, 211),
                says="`enabled`: true by default; false starts nothing",
                here="[Frontmatter](fields.md#enabled)",
                tests=(_LIFE + "test_a_disabled_task_and_a_deleted_one_start_nothing_more",),
            ),
            Row(
                lines=(212, 212),
                says="`timeout`: seconds, 300 by default",
                here="[Frontmatter](fields.md#timeout)",
                tests=("integration/execution/test_ending.py::test_an_attempt_is_ended_at_its_limit",),
            ),
            Row(
                lines=(213, 213),
                says="`retry_count`: further attempts after a failure, 0 by default",
                here="[Frontmatter](fields.md#retry_count)",
                tests=(
                    "unit/services/test_runner.py::test_a_failing_run_is_repeated_as_often_as_declared_and_not_more",
                ),
            ),
            Row(
                lines=(214, 215),
                says="`retry_delay`: seconds between attempts, 60 by default",
                here="[Frontmatter](fields.md#retry_delay)",
                tests=("unit/services/test_next_attempts.py::test_the_waits_between_attempts_grow_as_declared",),
            ),
            Row(
                lines=(216, 228),
                says="Packages with a lowest, an exact or a range of versions, and with hyphens in their names",
                here="[Environments](../environments.md#from-a-list-to-a-lock)",
                tests=(
                    "integration/environments/test_building.py::test_a_lock_names_every_package_exactly_and_with_hashes",
                ),
                blocks=(220,),
            ),
            Row(
                lines=(229, 232),
                says="Frontmatter that is no YAML is refused",
                here="[What is refused](../refusals.md)",
                tests=("refusals/test_reading.py::test_each_mistake_is_told_in_its_sentence_with_its_line",),
            ),
            Row(
                lines=(233, 233),
                says="`title` and `description` are recommended",
                here="[Commands](../commands.md): `check` says so",
                tests=(
                    "integration/checking/test_check.py::test_what_is_only_recommended_is_said_by_check_and_not_by_the_scheduler",
                ),
            ),
            Row(
                lines=(234, 234),
                says="Values have to be of their types",
                here="[What is refused](../refusals.md)",
                tests=("unit/core/test_declaration.py::test_a_mistake_is_named_with_its_value_and_the_way_out",),
            ),
            Row(
                lines=(235, 236),
                says="A file with its frontmatter in a docstring has to be valid Python",
                here="[What is refused](../refusals.md)",
                tests=(
                    "unit/watcher/test_reader.py::test_the_frontmatter_of_a_file_with_a_syntax_error_is_judged_too",
                ),
            ),
        ),
        "Configuration": (
            Row(
                lines=(237, 242),
                says="`config/config.yaml` has every setting with these names and defaults",
                here="[Settings](../settings.md)",
                tests=(
                    "unit/test_settings.py::test_the_defaults_are_those_the_documentation_promises",
                    "integration/test_settings_file.py::test_the_shipped_file_says_every_default",
                ),
                blocks=(241,),
            ),
            Row(
                lines=(243, 243),
                says="`scheduler.loop_interval`: the longest sleep of the scheduler",
                here="[Settings](../settings.md)",
                tests=(
                    "unit/services/test_scheduler.py::test_the_loop_tells_that_it_moves_often_enough_whatever_its_interval",
                ),
            ),
            Row(
                lines=(244, 244),
                says="`scheduler.task_check_interval`: how often the folder is looked at",
                here="[Settings](../settings.md); events of the system make it a matter of milliseconds",
                tests=(
                    "integration/watcher/test_folder.py::test_changes_that_no_event_announces_are_found_and_said_once",
                ),
            ),
            Row(
                lines=(245, 245),
                says="`scheduler.memory_cleanup_interval`",
                here="[Settings](../settings.md)",
                tests=(
                    "unit/services/test_memory_guard.py::test_memory_above_the_limit_asks_for_a_restart_once_an_hour",
                ),
            ),
            Row(
                lines=(246, 247),
                says="`scheduler.max_memory_usage`: above it the scheduler restarts",
                here="[Operation](../operation.md)",
                tests=(
                    "unit/services/test_memory_guard.py::test_memory_above_the_limit_asks_for_a_restart_once_an_hour",
                    "acceptance/test_memory.py::test_a_limit_below_its_size_restarts_it_exactly_once",
                ),
            ),
            Row(
                lines=(248, 249),
                says="`database.path`",
                here="[Settings](../settings.md)",
                tests=(
                    "unit/test_settings.py::test_bare_names_go_to_their_folders_and_paths_start_at_the_project",
                    "integration/control/test_record.py::test_reads_the_database_the_configuration_names",
                ),
            ),
            Row(
                lines=(250, 251),
                says="`database.backup_interval`: how often the database is backed up",
                here="[Backups](../backups.md)",
                tests=("unit/services/test_backups.py::test_the_first_comes_soon_and_the_others_at_the_interval",),
            ),
            Row(
                lines=(252, 253),
                says="`logging.level`",
                here="[Settings](../settings.md)",
                tests=("integration/test_logs.py::test_the_level_of_the_settings_counts",),
                blocks=(646,),
            ),
            Row(
                lines=(254, 254),
                says="`logging.file`",
                here="[Settings](../settings.md)",
                tests=("unit/test_settings.py::test_bare_names_go_to_their_folders_and_paths_start_at_the_project",),
            ),
            Row(
                lines=(255, 255),
                says="`logging.max_size`: a full file is put aside",
                here="[Settings](../settings.md)",
                tests=("integration/test_logs.py::test_a_full_file_is_put_aside_and_two_in_a_second_do_not_collide",),
            ),
            Row(
                lines=(256, 256),
                says="`logging.retention`: old logs are deleted",
                here="[Settings](../settings.md)",
                tests=("integration/test_logs.py::test_only_old_files_of_its_own_are_deleted",),
            ),
            Row(
                lines=(257, 258),
                says="`logging.rotation`: daily",
                here="[Settings](../settings.md)",
                tests=("integration/test_logs.py::test_a_file_is_put_aside_when_its_time_has_come",),
            ),
            Row(
                lines=(259, 262),
                says="`virtual_env.path` and `.python_executable`",
                here="[Settings](../settings.md)",
                tests=("integration/starting/test_preparing.py::test_the_configuration_names_the_venv",),
            ),
            Row(
                lines=(263, 264),
                says="`tasks.directory`",
                here="[Settings](../settings.md)",
                tests=("integration/execution/test_sources.py::test_tasks_may_lie_outside_the_project",),
            ),
            Row(
                lines=(265, 265),
                says="`tasks.file_pattern`",
                here="[Settings](../settings.md)",
                tests=("integration/watcher/test_folder.py::test_examples_and_patterns_are_options",),
            ),
            Row(
                lines=(266, 266),
                says="`tasks.reload_on_change`",
                here="[Settings](../settings.md)",
                tests=(
                    "unit/services/test_catalog.py::test_without_reload_on_change_an_edit_waits_for_the_next_start_and_a_deletion_does_not",
                ),
            ),
            Row(
                lines=(267, 269),
                says="`tasks.include_example_tasks`: files that begin with `example_`",
                here="[Examples](../examples.md)",
                tests=("integration/watcher/test_folder.py::test_examples_and_patterns_are_options",),
            ),
            Row(
                lines=(270, 274),
                says="`example_hello_world.py`",
                here="[Examples](../examples.md)",
                tests=("integration/examples/test_examples.py::test_each_really_runs_and_writes_what_it_says",),
            ),
            Row(
                lines=(275, 275),
                says="`example_web_scraper.py`",
                here="[Examples](../examples.md)",
                tests=(
                    "integration/examples/test_examples.py::test_each_really_runs_and_writes_what_it_says",
                    "integration/examples/test_examples.py::test_a_page_that_is_not_there_fails_the_attempt_which_is_tried_again",
                ),
            ),
            Row(
                lines=(276, 276),
                says="`example_daily_cleanup.py`",
                here="[Examples](../examples.md)",
                tests=(
                    "integration/examples/test_examples.py::test_the_cleanup_deletes_what_it_says_and_follows_no_link",
                ),
            ),
            Row(
                lines=(277, 277),
                says="`example_system_monitor.py`",
                here="[Examples](../examples.md)",
                tests=("integration/examples/test_examples.py::test_each_really_runs_and_writes_what_it_says",),
            ),
            Row(
                lines=(278, 278),
                says="`example_external_execution.py`",
                here="[Examples](../examples.md)",
                tests=("integration/examples/test_examples.py::test_each_really_runs_and_writes_what_it_says",),
            ),
            Row(
                lines=(279, 279),
                says="`example_system_notification.py`",
                here="[Examples](../examples.md)",
                tests=("integration/examples/test_examples.py::test_each_really_runs_and_writes_what_it_says",),
            ),
            Row(
                lines=(280, 280),
                says="`example_config_usage.py`",
                here="[Examples](../examples.md)",
                tests=("integration/examples/test_examples.py::test_each_really_runs_and_writes_what_it_says",),
            ),
            Row(
                lines=(281, 282),
                says="`example_helper_showcase.py`",
                here="[Examples](../examples.md)",
                tests=("integration/examples/test_examples.py::test_each_really_runs_and_writes_what_it_says",),
            ),
            Row(
                lines=(283, 288),
                says="`include_example_tasks` turns them on and off, for trying, for production, for learning",
                here="[Examples](../examples.md)",
                tests=(
                    "integration/examples/test_examples.py::test_there_are_the_eight_the_documentation_names",
                    "integration/watcher/test_folder.py::test_examples_and_patterns_are_options",
                ),
                blocks=(241,),
            ),
        ),
        "Configuration of tasks": (
            Row(
                lines=(289, 294),
                says="Tasks load files of their own from `config/`",
                here="[Helpers](../helpers.md)",
                blocks=(297,),
            ),
            Row(
                lines=(295, 314),
                says="The helpers are imported from `helpers` and used in these ways",
                here="[Helpers](../helpers.md)",
                blocks=(297,),
            ),
            Row(
                lines=(315, 317),
                says="`load_config(config_name)`",
                here="[Helpers](../helpers.md)",
                tests=("integration/helpers/test_config_loader.py::test_the_main_file_is_the_default",),
                blocks=(297,),
            ),
            Row(
                lines=(318, 318),
                says="`get_config_value(key_path, config_name, default)`",
                here="[Helpers](../helpers.md)",
                tests=("integration/helpers/test_config_loader.py::test_one_value_is_found_by_its_path",),
                blocks=(297,),
            ),
            Row(
                lines=(319, 319),
                says="`save_config(config_data, config_name)`",
                here="[Helpers](../helpers.md)",
                tests=(
                    "integration/helpers/test_config_loader.py::test_what_is_saved_is_read_back_in_its_order",
                    "integration/helpers/test_config_loader.py::test_nobody_ever_reads_half_a_file_though_writers_are_killed",
                ),
                blocks=(297,),
            ),
            Row(
                lines=(320, 320),
                says="`list_config_files()`",
                here="[Helpers](../helpers.md)",
                tests=("integration/helpers/test_config_loader.py::test_a_file_in_a_folder_below_is_one_of_them",),
                blocks=(297,),
            ),
            Row(
                lines=(321, 323),
                says="`get_project_root()`",
                here="[Helpers](../helpers.md)",
                tests=(
                    "integration/helpers/test_config_loader.py::test_the_project_is_the_one_of_the_run_or_else_the_one_around_the_helpers",
                ),
                blocks=(297,),
            ),
            Row(
                lines=(324, 326),
                says="`config/secrets.yaml` is made from an example",
                here="[Secrets](../secrets.md)",
                blocks=(329,),
            ),
            Row(
                lines=(327, 332),
                says="Secrets are loaded like any other file",
                here="[Secrets](../secrets.md)",
                tests=(
                    "integration/helpers/test_config_loader.py::test_secrets_that_are_not_there_say_how_to_make_them",
                    "integration/execution/test_secrets.py::test_a_task_that_lets_it_out_in_every_way_leaves_nothing_of_it",
                ),
                blocks=(329,),
            ),
            Row(
                lines=(333, 335),
                says="`secrets.yaml` is never committed",
                here="[Secrets](../secrets.md)",
                blocks=(329,),
            ),
        ),
        "Helper system": (
            Row(
                lines=(336, 355),
                says="One import gives what a task needs",
                here="[Helpers](../helpers.md)",
                tests=("integration/test_helpers_logging.py::test_importing_a_name_imports_little",),
                blocks=(340,),
            ),
            Row(
                lines=(356, 360),
                says="Configuration: loading with files of a task's own",
                here="[Helpers](../helpers.md)",
                blocks=(297,),
            ),
            Row(
                lines=(361, 361),
                says="Secrets, and values by dotted names",
                here="[Helpers](../helpers.md)",
                tests=("integration/helpers/test_config_loader.py::test_one_value_is_found_by_its_path",),
                blocks=(297, 329),
            ),
            Row(
                lines=(362, 363),
                says="Errors are handled: a missing file or key has a default, or is said clearly",
                here="[Helpers](../helpers.md)",
                tests=(
                    "integration/helpers/test_config_loader.py::test_a_file_that_is_not_there_is_an_error_that_says_what_is",
                    "integration/helpers/test_config_loader.py::test_one_value_of_a_file_that_is_not_there_is_the_default",
                ),
            ),
            Row(
                lines=(364, 365),
                says="Logging finds the task's name by itself",
                here="[Helpers](../helpers.md)",
                tests=("integration/test_helpers_logging.py::test_the_scheduler_names_the_task",),
                blocks=(751,),
            ),
            Row(
                lines=(366, 366),
                says="Several levels, and files for tasks",
                here="[Helpers](../helpers.md)",
                tests=(
                    "integration/test_helpers_logging.py::test_the_level_the_scheduler_sets_filters_the_file_and_not_the_output",
                ),
            ),
            Row(
                lines=(367, 368),
                says="Results and errors of executions are logged",
                here="[Helpers](../helpers.md)",
                tests=("integration/test_helpers_logging.py::test_every_function_writes_its_line",),
            ),
            Row(
                lines=(369, 372),
                says="Notifications on several systems, logged, with settings",
                here="[Helpers](../helpers.md)",
                tests=(
                    "integration/helpers/test_system_notifications.py::test_on_linux_notify_send_shows_it",
                    "integration/helpers/test_system_notifications.py::test_where_there_is_no_desktop_it_is_said_with_the_way_out",
                ),
                blocks=(700,),
            ),
            Row(
                lines=(373, 375),
                says="Scripts and commands are run",
                here="[Helpers](../helpers.md)",
                blocks=(724,),
            ),
            Row(
                lines=(376, 376),
                says="They are retried and have time limits",
                here="[Helpers](../helpers.md)",
                tests=(
                    "integration/helpers/test_external_execution.py::test_a_script_is_retried_until_it_succeeds",
                    "integration/helpers/test_external_execution.py::test_at_its_limit_a_command_ends_and_what_it_wrote_is_kept",
                    "integration/helpers/test_external_execution.py::test_at_the_limit_nothing_of_it_is_left",
                ),
            ),
            Row(
                lines=(377, 378),
                says="Results are summed up, errors kept",
                here="[Helpers](../helpers.md)",
                tests=("integration/helpers/test_external_execution.py::test_results_are_summed_up",),
                blocks=(724,),
            ),
            Row(
                lines=(379, 380),
                says="Each helper has its own packages, and only tasks that use it get them",
                here="[Helpers](../helpers.md)",
                tests=(
                    "unit/services/test_catalog.py::test_a_task_brings_the_packages_of_the_helpers_it_imports",
                    "integration/watcher/test_helpers.py::test_packages_are_those_of_the_files_behind_the_names",
                ),
            ),
        ),
        "Usage": (
            Row(
                lines=(381, 397),
                says="`main.py` runs the scheduler; `--config`, `--daemon`, `--status`",
                here="[Commands](../commands.md), [Operation](../operation.md#start)",
                tests=(
                    "acceptance/test_background.py::test_it_lives_apart_from_its_terminal_and_works_as_in_the_foreground",
                    "integration/control/test_command_line.py::test_a_configuration_file_tells_the_project",
                ),
                blocks=(385,),
            ),
            Row(
                lines=(398, 421),
                says="`scripts/restart_scheduler.py` stops gracefully and starts; `--timeout`, `--force`, `--dry-run`, `--daemon`",
                here="[Operation](../operation.md#restart-and-upgrade)",
                tests=(
                    "acceptance/test_background.py::test_one_that_hangs_is_noticed_and_ended_by_force_and_its_runs_go_on",
                    "acceptance/test_background.py::test_of_two_restarts_at_once_one_does_it_and_the_other_says_so",
                ),
                blocks=(405,),
            ),
            Row(
                lines=(422, 426),
                says="`config/config.yaml` is looked at every 5 seconds",
                here="[Settings](../settings.md)",
                tests=(
                    "acceptance/test_hot_reload.py::test_an_edit_is_in_force_within_five_seconds_and_is_told_key_by_key",
                ),
                blocks=(646,),
            ),
            Row(
                lines=(427, 427),
                says="A new `max_memory_usage` counts at once",
                here="[Settings](../settings.md)",
                tests=("unit/services/test_memory_guard.py::test_another_limit_holds_at_once",),
            ),
            Row(
                lines=(428, 429),
                says="A new folder of tasks is taken",
                here="[Settings](../settings.md)",
                tests=(
                    "acceptance/test_hot_reload.py::test_another_folder_of_tasks_comes_into_force_and_a_missing_one_suspends",
                ),
            ),
            Row(
                lines=(430, 444),
                says="The process is found by its name",
                here="[Operation](../operation.md); the name is `task-scheduler: FOLDER`",
                tests=("integration/process/test_presence.py::test_it_can_be_found_by_its_title_and_its_number",),
                blocks=(434,),
            ),
            Row(
                lines=(445, 466),
                says="`systemctl start`, `stop`, `restart`, `status`, `enable`, and `journalctl -u task-scheduler -f`",
                here="[Services](../services.md)",
                tests=(
                    "integration/scripts/test_install.py::test_systemd_finds_no_fault_with_the_unit",
                    "integration/scripts/test_install.py::test_systemd_is_told_of_the_unit_where_it_runs_and_nothing_is_started",
                ),
                blocks=(447,),
            ),
        ),
        "Monitoring": (
            Row(
                lines=(467, 480),
                says="`bash scripts/monitor_scheduler.sh`, and an entry for cron every 5 minutes",
                here="[Services](../services.md)",
                tests=(
                    "integration/scripts/test_monitor.py::test_starts_a_scheduler_that_is_gone_and_is_silent_about_one_that_works",
                ),
                blocks=(473,),
            ),
            Row(
                lines=(481, 482),
                says="It finds out whether the scheduler runs",
                here="[Services](../services.md); by its lock and heartbeat, not by a name others may have",
                tests=("integration/scripts/test_monitor.py::test_ends_a_scheduler_that_hangs_and_starts_another",),
            ),
            Row(
                lines=(483, 483),
                says="It starts one that has stopped",
                here="[Services](../services.md)",
                tests=(
                    "integration/scripts/test_monitor.py::test_starts_a_scheduler_that_is_gone_and_is_silent_about_one_that_works",
                ),
                blocks=(473,),
            ),
            Row(
                lines=(484, 484),
                says="It starts it by the restart script",
                here="[Services](../services.md)",
                tests=(
                    "integration/scripts/test_monitor.py::test_starts_a_scheduler_that_is_gone_and_is_silent_about_one_that_works",
                ),
                blocks=(473,),
            ),
            Row(
                lines=(485, 486),
                says="It writes what it does to `logs/monitor.log`",
                here="[Services](../services.md)",
                tests=(
                    "integration/scripts/test_monitor.py::test_starts_a_scheduler_that_is_gone_and_is_silent_about_one_that_works",
                ),
                blocks=(473,),
            ),
            Row(
                lines=(487, 489),
                says="`logs/scheduler.log`",
                here="[Operation](../operation.md)",
                tests=("integration/test_logs.py::test_an_event_is_a_line_with_its_name_and_fields",),
            ),
            Row(
                lines=(490, 490),
                says="`logs/tasks.log`",
                here="[Helpers](../helpers.md)",
                tests=("integration/test_logs.py::test_tasks_log_is_put_aside_by_the_scheduler",),
            ),
            Row(
                lines=(491, 491),
                says="`logs/errors.log` has errors alone",
                here="[Operation](../operation.md)",
                tests=("integration/test_logs.py::test_errors_are_in_both_files",),
            ),
            Row(
                lines=(492, 493),
                says="`logs/monitor.log`",
                here="[Services](../services.md)",
                tests=(
                    "integration/scripts/test_monitor.py::test_starts_a_scheduler_that_is_gone_and_is_silent_about_one_that_works",
                ),
                blocks=(473,),
            ),
            Row(
                lines=(494, 497),
                says="The database has the history of executions",
                here="[What happens to a run](../runs.md)",
                tests=("unit/services/test_runner.py::test_a_due_slot_runs_and_its_record_is_complete",),
            ),
            Row(
                lines=(498, 498),
                says="It has the next instants",
                here="[Design](../design.md#life-of-a-slot)",
                tests=(
                    "unit/services/test_scheduler.py::test_slots_are_on_record_before_their_instant_and_start_at_it",
                ),
            ),
            Row(
                lines=(499, 500),
                says="It has the scheduler's state",
                here="[Design](../design.md#the-record)",
                tests=(
                    "unit/services/test_scheduler.py::test_a_clock_set_back_while_nothing_ran_is_noticed_at_the_next_start",
                ),
            ),
            Row(
                lines=(501, 504),
                says="Memory is watched, and the scheduler restarts above the limit",
                here="[Operation](../operation.md)",
                tests=("acceptance/test_memory.py::test_a_limit_below_its_size_restarts_it_exactly_once",),
            ),
        ),
        "Schedules": (
            Row(
                lines=(505, 508),
                says="Punctual instants and detection of what is overdue, together",
                here="[Schedules](../schedules.md#slots-that-could-not-run-in-time)",
                tests=("unit/core/test_planning.py::test_due_slots_are_runs_plus_merged_plus_missed",),
            ),
            Row(
                lines=(509, 519),
                says="Every 5, 10 and 30 minutes, at boundaries of the hour",
                here="[Schedules](../schedules.md#ways-to-write-one)",
                tests=(_TRIGGERS + "test_every.py::test_an_interval_that_divides_its_parent_is_on_its_boundaries",),
                blocks=(513,),
            ),
            Row(
                lines=(520, 523),
                says="Every 2 and 6 hours, at 00:00, 02:00 … and 00:00, 06:00 …",
                here="[Schedules](../schedules.md#ways-to-write-one)",
                tests=(_TRIGGERS + "test_every.py::test_an_interval_that_divides_its_parent_is_on_its_boundaries",),
                blocks=(513,),
            ),
            Row(
                lines=(524, 528),
                says="Every day at 00:00",
                here="[Schedules](../schedules.md#ways-to-write-one)",
                tests=(_TRIGGERS + "test_every.py::test_days_are_counted_from_1970",),
                blocks=(513,),
            ),
            Row(
                lines=(529, 541),
                says="The forms of the schedule library: a time of day, a weekday, minutes past the hour",
                here="[Schedules](../schedules.md#ways-to-write-one)",
                tests=("unit/test_chains.py::test_lets_through_what_both_accept",),
                blocks=(535,),
            ),
            Row(
                lines=(542, 544),
                says="One can tell when a task will run",
                here="[Commands](../commands.md): `list` and `show`",
                tests=("unit/test_overview.py::test_tells_a_task_with_schedule_last_run_and_next_instants",),
            ),
            Row(
                lines=(545, 545),
                says="Several machines run at the same instants",
                here="[Schedules](../schedules.md)",
                tests=(_TRIGGERS + "test_laws.py::test_slots_strictly_increase_and_are_found_from_just_before",),
            ),
            Row(
                lines=(546, 546),
                says="Nothing drifts",
                here="[Schedules](../schedules.md)",
                tests=(_TRIGGERS + "test_laws.py::test_a_restart_between_two_slots_changes_nothing",),
            ),
            Row(
                lines=(547, 549),
                says="It is easy to watch whether tasks ran when they should",
                here="[When something is wrong](../troubleshooting.md#it-did-not-run-at-its-time)",
                tests=(
                    "unit/services/test_scheduler.py::test_every_due_slot_is_on_record_exactly_once_whatever_happens",
                ),
            ),
        ),
        "Tests": (
            Row(
                lines=(550, 575),
                says='`scripts/run_tests.py` with a file, `--coverage` and `--fast`; plain pytest with `-m "not slow"`',
                here="`tests/README.md`, `CONTRIBUTING.md`",
                tests=(
                    "integration/test_development_scripts.py::test_the_exit_code_is_that_of_pytest",
                    "integration/test_development_scripts.py::test_coverage_is_reported_and_keeps_the_exit_code",
                ),
                blocks=(556,),
            ),
        ),
        "Schedules on record": (
            Row(
                lines=(576, 598),
                says="`scripts/reset_schedules.py`, with `--dry-run`, `--future-only`, `--task` once or more, `--all`",
                here="[Commands](../commands.md)",
                tests=(
                    "unit/services/test_resets.py::test_a_dry_run_tells_the_same_and_changes_nothing",
                    "unit/services/test_resets.py::test_only_the_tasks_that_are_named_are_reset",
                ),
                blocks=(582,),
            ),
            Row(
                lines=(599, 600),
                says="What piled up while the machine was down is cleared",
                here="[Commands](../commands.md)",
                tests=(
                    "unit/services/test_resets.py::test_what_is_owed_becomes_one_row_of_missed_slots_and_the_next_instant_is_owed",
                ),
            ),
            Row(
                lines=(601, 601),
                says="Schedules are reset while one develops",
                here="[Commands](../commands.md)",
                tests=(
                    "unit/services/test_resets.py::test_a_dry_run_tells_the_same_and_changes_nothing",
                    "unit/services/test_resets.py::test_only_the_tasks_that_are_named_are_reset",
                ),
                blocks=(582,),
            ),
            Row(
                lines=(602, 602),
                says="… and after a time of maintenance",
                here="[Commands](../commands.md)",
                tests=(
                    "unit/services/test_resets.py::test_what_is_owed_becomes_one_row_of_missed_slots_and_the_next_instant_is_owed",
                ),
            ),
            Row(
                lines=(603, 604),
                says="… and where a schedule is wrong",
                here="[Commands](../commands.md)",
                tests=(
                    "unit/services/test_resets.py::test_a_dry_run_tells_the_same_and_changes_nothing",
                    "unit/services/test_resets.py::test_only_the_tasks_that_are_named_are_reset",
                ),
            ),
            Row(
                lines=(605, 606),
                says="The next instants are those of the schedule, on its boundaries",
                here="[Commands](../commands.md)",
                tests=(
                    "unit/services/test_resets.py::test_every_instant_has_one_outcome_and_after_a_reset_nothing_is_overdue",
                ),
                blocks=(582,),
            ),
        ),
        "What changed lately": (
            Row(
                lines=(607, 611),
                says="What is overdue is really executed",
                here="[Schedules](../schedules.md#slots-that-could-not-run-in-time)",
                tests=(_DEATH + "test_slots_missed_while_no_scheduler_was_there_are_all_accounted_for",),
            ),
            Row(
                lines=(612, 612),
                says="A job is matched to what is on record of it",
                here="[Design](../design.md#life-of-a-slot)",
                tests=(
                    "unit/services/test_small_parts.py::test_jobs_are_taken_when_they_are_due_and_given_again_only_after_moving_on",
                ),
            ),
            Row(lines=(613, 613), says="Tests", here="`tests/README.md`", blocks=(556,)),
            Row(
                lines=(614, 614),
                says="Schedules are reset, and the reset can be rehearsed",
                here="[Commands](../commands.md)",
                tests=(
                    "unit/services/test_resets.py::test_a_dry_run_tells_the_same_and_changes_nothing",
                    "unit/services/test_resets.py::test_only_the_tasks_that_are_named_are_reset",
                ),
                blocks=(582,),
            ),
            Row(
                lines=(615, 617),
                says="Tests in a folder of their own, with a page about them",
                here="`tests/README.md`",
                blocks=(47,),
            ),
            Row(
                lines=(618, 630),
                says="The first version's list: the core, boundaries, frontmatter, packages, loading and unloading, memory, the database, isolation, logs, the command line and systemd",
                here="[What it is](../index.md)",
                tests=(
                    _LIFE + "test_a_disabled_task_and_a_deleted_one_start_nothing_more",
                    _LIFE + "test_two_tasks_with_conflicting_versions_of_one_package_run_side_by_side",
                ),
                blocks=(134,),
            ),
        ),
        "Troubleshooting": (
            Row(
                lines=(631, 635),
                says="A task does not run: logs and the syntax of its file tell why",
                here="[It did not run at its time](../troubleshooting.md#it-did-not-run-at-its-time)",
                tests=(_LIFE + "test_a_broken_edit_leaves_the_last_good_version_running_and_says_why_everywhere",),
            ),
            Row(
                lines=(636, 636),
                says="Packages are not installed: permissions of the venv",
                here="[It says `preparing` for long](../troubleshooting.md#it-says-preparing-for-long)",
                tests=(
                    "integration/environments/test_building.py::test_an_environment_that_cannot_be_written_is_a_failure_with_a_reason",
                ),
            ),
            Row(
                lines=(637, 637),
                says="Much memory is used",
                here="[It takes much memory](../troubleshooting.md#it-takes-much-memory)",
                tests=("acceptance/test_memory.py::test_a_limit_below_its_size_restarts_it_exactly_once",),
            ),
            Row(
                lines=(638, 638),
                says="A task is not detected",
                here="[My file is not in the list](../troubleshooting.md#my-file-is-not-in-the-list)",
                tests=("refusals/test_on_disk.py::test_every_odd_entry_is_told_of_and_none_is_waited_for",),
            ),
            Row(
                lines=(639, 639),
                says="What is overdue is not executed",
                here="[Something is overdue](../troubleshooting.md#something-is-overdue)",
                tests=(
                    "integration/test_schedules.py::test_after_a_downtime_it_is_told_what_is_overdue_and_a_reset_gives_it_up",
                ),
                blocks=(582,),
            ),
            Row(
                lines=(640, 641),
                says="Tests fail: `run_tests.py --verbose`",
                here="[The tests fail](../troubleshooting.md#the-tests-fail)",
                blocks=(556,),
            ),
            Row(
                lines=(642, 650),
                says="`logging.level: DEBUG`",
                here="[I want to know more](../troubleshooting.md#i-want-to-know-more)",
                tests=("acceptance/test_hot_reload.py::test_the_level_holds_for_what_tasks_log_later",),
                blocks=(646,),
            ),
            Row(
                lines=(651, 682),
                says="A task is tried by hand: imported, one of its functions called, compiled, and the tests run",
                here="[Helpers](../helpers.md), `python TASK` in [Commands](../commands.md)",
                tests=("integration/shell/test_python.py::test_the_manual_test_of_a_task_works",),
                blocks=(655,),
            ),
        ),
        "Security": (
            Row(
                lines=(683, 685),
                says="It runs as a user of its own, not as root",
                here="[Services](../services.md)",
                tests=("integration/scripts/test_install.py::test_a_life_of_an_installation",),
            ),
            Row(
                lines=(686, 686),
                says="Files are closed to others",
                here="[Who may read and do what](../operation.md#who-may-read-and-do-what)",
                tests=("integration/test_private_files.py::test_the_record_is_its_owners_alone_from_the_beginning",),
            ),
            Row(
                lines=(687, 687),
                says="Task files are validated before they are put in place",
                here="[Commands](../commands.md): `check`",
                tests=("integration/checking/test_check.py::test_nothing_of_a_file_is_run",),
            ),
            Row(
                lines=(688, 688),
                says="Logs are watched",
                here="[Commands](../commands.md): `logs --follow`, `status`",
                tests=(
                    "integration/test_logs.py::test_foreign_text_can_neither_act_on_a_terminal_nor_pass_for_a_line",
                ),
            ),
            Row(
                lines=(689, 690),
                says="Virtual environments isolate",
                here="[Environments](../environments.md#what-a-task-sees)",
                tests=("integration/environments/test_modules.py::test_the_schedulers_own_packages_are_not_there",),
            ),
        ),
        "Helper modules": (
            Row(
                lines=(691, 694),
                says="Helpers are files with packages of their own in their frontmatter; people may add some",
                here="[Helpers](../helpers.md), [Task files](../task-files.md#helpers)",
                tests=("integration/watcher/test_helpers.py::test_the_project_s_own_helpers_are_understood",),
            ),
            Row(
                lines=(695, 720),
                says="`send_notification` and `send_and_log_notification`, with `plyer>=2.1.0`",
                here="[Helpers](../helpers.md)",
                tests=(
                    "integration/helpers/test_system_notifications.py::test_on_linux_notify_send_shows_it",
                    "integration/helpers/test_system_notifications.py::test_where_there_is_no_desktop_it_is_said_with_the_way_out",
                ),
                blocks=(700,),
            ),
            Row(
                lines=(721, 747),
                says="`execute_python_script`, `execute_cli_command`, `process_execution_results`, without packages",
                here="[Helpers](../helpers.md)",
                tests=(
                    "integration/helpers/test_external_execution.py::test_at_its_limit_a_command_ends_and_what_it_wrote_is_kept",
                    "integration/helpers/test_external_execution.py::test_at_the_limit_nothing_of_it_is_left",
                    "integration/helpers/test_external_execution.py::test_results_are_summed_up",
                ),
                blocks=(724,),
            ),
            Row(
                lines=(748, 771),
                says="Logging in a task, from its start to its end",
                here="[Helpers](../helpers.md)",
                blocks=(751,),
            ),
            Row(
                lines=(772, 773),
                says="The task's name is found by itself",
                here="[Helpers](../helpers.md)",
                tests=("integration/test_helpers_logging.py::test_the_scheduler_names_the_task",),
            ),
            Row(
                lines=(774, 774),
                says="JSON that programs can read",
                here="[Helpers](../helpers.md)",
                tests=("integration/test_helpers_logging.py::test_every_function_writes_its_line",),
            ),
            Row(
                lines=(775, 775),
                says="Exceptions with their tracebacks",
                here="[Helpers](../helpers.md)",
                tests=("integration/test_helpers_logging.py::test_errors_go_to_errors_log_with_their_traceback",),
            ),
            Row(
                lines=(776, 776),
                says="Outcomes of operations with details",
                here="[Helpers](../helpers.md)",
                tests=("integration/test_helpers_logging.py::test_every_function_writes_its_line",),
            ),
            Row(
                lines=(777, 778),
                says="Files for tasks and for errors",
                here="[Helpers](../helpers.md)",
                tests=("integration/test_helpers_logging.py::test_errors_go_to_errors_log_with_their_traceback",),
            ),
            Row(
                lines=(779, 780),
                says="`log_info`, `log_error`, `log_warning`, `log_debug`",
                here="[Helpers](../helpers.md)",
                tests=("integration/test_helpers_logging.py::test_every_function_writes_its_line",),
            ),
            Row(
                lines=(781, 781),
                says="`log_task_start`, `log_task_complete`, `log_task_error`",
                here="[Helpers](../helpers.md)",
                tests=("integration/test_helpers_logging.py::test_every_function_writes_its_line",),
            ),
            Row(
                lines=(782, 783),
                says="`log_execution_result`, `log_structured_data`",
                here="[Helpers](../helpers.md)",
                tests=("integration/test_helpers_logging.py::test_every_function_writes_its_line",),
            ),
            Row(
                lines=(784, 785),
                says="`logs/tasks.log`, each line under the task's name",
                here="[Helpers](../helpers.md)",
                tests=("integration/test_helpers_logging.py::test_the_first_example_logs_under_its_title",),
            ),
            Row(
                lines=(786, 786),
                says="`logs/errors.log`, of tasks and of the system",
                here="[Helpers](../helpers.md)",
                tests=("integration/test_logs.py::test_errors_are_in_both_files",),
            ),
            Row(
                lines=(787, 789),
                says="`logs/scheduler.log`",
                here="[Operation](../operation.md)",
                tests=("integration/test_logs.py::test_an_event_is_a_line_with_its_name_and_fields",),
            ),
        ),
        "Quick reference": (
            Row(
                lines=(790, 815),
                says="The template of a task",
                here="[Task files](../task-files.md); `new NAME` writes one",
                tests=(
                    "integration/scaffolding/test_commands.py::test_new_writes_a_file_about_which_there_is_nothing_to_say",
                ),
                blocks=(794,),
            ),
            Row(
                lines=(816, 834),
                says="Common schedules",
                here="[Schedules](../schedules.md#ways-to-write-one)",
                blocks=(818,),
            ),
            Row(
                lines=(835, 861),
                says="All commands in a list: tests, schedules, restarts, `run_scheduler.sh`, `check_overdue.py`, `debug_jobs.py`, following the logs",
                here="[Commands](../commands.md)",
                tests=(
                    "integration/test_schedules.py::test_after_a_downtime_it_is_told_what_is_overdue_and_a_reset_gives_it_up",
                    "integration/test_schedules.py::test_jobs_tells_of_every_task_with_and_without_a_scheduler",
                ),
                blocks=(837,),
            ),
        ),
        "Contributing": (
            Row(
                lines=(862, 870),
                says="How to contribute",
                here="`CONTRIBUTING.md`",
                tests=("integration/test_development_scripts.py::test_every_check_runs_and_the_failed_ones_are_named",),
            ),
            Row(lines=(871, 887), says="Set up for development", here="`CONTRIBUTING.md`", blocks=(873,)),
            Row(
                lines=(888, 890),
                says="MIT license",
                here="`LICENSE`",
                tests=("acceptance/test_packaging.py::test_the_sdist_holds_what_a_clone_needs",),
            ),
        ),
    }
)
