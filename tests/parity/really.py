"""What the original's program really does, and what its code has that its documentation does not tell."""

from __future__ import annotations

from tests.parity.row import Row

_LIFE = "acceptance/test_life_of_a_file.py::"
_DEATH = "acceptance/test_every_death.py::"
_TRIGGERS = "unit/core/triggers/"

#: Each of these faults was seen in the original; the tests make them impossible here.
FAULTS: tuple[Row, ...] = (
    Row(
        says="`timeout` is never enforced: 2 seconds let 12 pass",
        here="the attempt ends at its limit, with all its processes",
        tests=(
            "integration/execution/test_ending.py::test_an_attempt_is_ended_at_its_limit",
            "integration/execution/test_ending.py::test_the_limit_reaches_everything_an_attempt_started",
        ),
    ),
    Row(
        says="`retry_count` and `retry_delay` are never read; a failing task runs again at every pass instead",
        here="as many attempts as declared, with the declared waits",
        tests=(
            "unit/services/test_runner.py::test_a_failing_run_is_repeated_as_often_as_declared_and_not_more",
            "unit/services/test_next_attempts.py::test_the_waits_between_attempts_grow_as_declared",
        ),
    ),
    Row(
        says='`python_version: "3.99"` runs',
        here="refused, and told which Pythons were found",
        tests=("integration/environments/test_interpreters.py::test_a_refusal_names_what_was_found",),
    ),
    Row(
        says="After an edit the old version runs beside the new one",
        here="one version at a time",
        tests=(_LIFE + "test_an_edit_is_in_force_within_a_second_and_never_two_versions_at_once",),
    ),
    Row(
        says="Deleted and disabled tasks go on",
        here="nothing of them is started any more",
        tests=(_LIFE + "test_a_disabled_task_and_a_deleted_one_start_nothing_more",),
    ),
    Row(
        says="Jobs of the schedule library run twice, the second time as overdue",
        here="each due instant has one row",
        tests=(
            "unit/services/test_scheduler.py::test_every_due_slot_is_on_record_exactly_once_whatever_happens",
            "unit/core/test_planning.py::test_planning_again_and_again_forgets_no_slot_and_repeats_none",
        ),
    ),
    Row(
        says="`every(2).hours` counts from the hour of the start: 03:00, 05:00 …",
        here="counts from midnight, whenever the scheduler is started",
        tests=(
            _TRIGGERS + "test_every.py::test_an_interval_that_divides_its_parent_is_on_its_boundaries",
            _TRIGGERS + "test_laws.py::test_a_restart_between_two_slots_changes_nothing",
        ),
    ),
    Row(
        says="`every(1).day` means 24 hours after the start, and `every(1).hour` drifts",
        here="00:00, and each full hour",
        tests=(
            _TRIGGERS + "test_every.py::test_days_are_counted_from_1970",
            _TRIGGERS + "test_laws.py::test_a_daily_job_is_due_once_for_each_date_in_every_zone",
        ),
    ),
    Row(
        says="7, 45 and 90 minutes and 50 hours mean something else, `every(0)` divides by zero, `.at()` with a zone needs a package that is missing",
        here="each has a rule, or is refused with a reason",
        tests=(
            _TRIGGERS + "test_every.py::test_an_interval_that_does_not_divide_starts_anew_at_the_boundary_above",
            _TRIGGERS + "test_every.py::test_a_longer_interval_is_counted_from_midnight",
            _TRIGGERS + "test_every.py::test_what_cannot_be_meant_is_refused",
            "unit/test_chains.py::test_knows_zones_without_the_package_that_the_library_needs_for_them",
        ),
    ),
    Row(
        says="Starts are 0.8 to 10 seconds late, and the lateness grows",
        here="an instant is met to the millisecond; budgets are measured",
        tests=(
            "unit/services/test_scheduler.py::test_slots_are_on_record_before_their_instant_and_start_at_it",
            "acceptance/test_restarting.py::test_a_job_of_each_second_loses_doubles_and_delays_no_slot",
        ),
    ),
    Row(
        says="Everything runs in the scheduler's own thread; one task delays all others, scanning, reloading and signals",
        here="each attempt is a process",
        tests=("acceptance/test_misbehaving.py::test_a_task_that_misbehaves_harms_itself_alone",),
    ),
    Row(
        says="With a task that never ends, TERM is ignored",
        here="the scheduler ends at once, and the task goes on or is ended as asked",
        tests=(
            "acceptance/test_stopping.py::test_a_signal_means_what_run_was_told_and_a_second_one_hurries",
            "integration/execution/test_ending.py::test_what_ignores_the_request_is_killed_after_the_grace",
        ),
    ),
    Row(
        says="`sys.exit(3)` in a task ends the scheduler, and counts as a success",
        here="a failure with exit code 3",
        tests=("integration/execution/test_exit_truth.py::test_the_page_says_how_each_way_to_end_is_recorded",),
    ),
    Row(
        says="What is killed while it runs leaves no record",
        here="the row is there before the start, and settled at the next one",
        tests=(
            _DEATH + "test_scheduler_and_host_killed_together_is_an_interrupted_run_after_the_next_start",
            "faults/test_points.py::test_a_scheduler_dies_or_freezes_at_each_point",
        ),
    ),
    Row(
        says="All tasks share the scheduler's own venv; one downgrades the packages of another and of the scheduler",
        here="environments of their own, side by side",
        tests=(
            _LIFE + "test_two_tasks_with_conflicting_versions_of_one_package_run_side_by_side",
            "integration/environments/test_modules.py::test_the_schedulers_own_packages_are_not_there",
        ),
    ),
    Row(
        says="Of pip's format only `>=`, `==` and `>` are understood",
        here="all of it",
        tests=("unit/watcher/test_requirements.py::test_packages_with_versions_are_taken",),
    ),
    Row(
        says='No type is checked: `dependencies: "requests"` installs packages named r, e, q …, and `enabled: "false"` is true',
        here="a sentence with the line and what to write",
        tests=(
            "unit/core/test_declaration.py::test_a_mistake_is_named_with_its_value_and_the_way_out",
            "refusals/test_reading.py::test_each_mistake_is_told_in_its_sentence_with_its_line",
        ),
    ),
    Row(
        says="A failed installation is tried at every scan, or passes for done",
        here="an outcome, with growing pauses",
        tests=(
            "unit/services/test_catalog.py::test_a_failed_environment_is_an_outcome_and_is_tried_again_with_growing_pauses",
            "integration/environments/test_building.py::test_a_failed_resolution_is_not_remembered",
        ),
    ),
    Row(
        says="`title` and `description` are never used",
        here="in lists and logs",
        tests=("integration/test_helpers_logging.py::test_the_first_example_logs_under_its_title",),
    ),
    Row(
        says="Several decorated functions without a `start` are refused at every scan, and run all the same, more and more often",
        here="each decorated function is a job",
        tests=(_LIFE + "test_functions_decorators_arguments_and_coroutines_all_run",),
    ),
    Row(
        says="`tasks.log` misses starts, ends and failures; what is printed is lost; fields are not written; no JSON",
        here="each line with its fields as JSON; what is printed is kept with the run",
        tests=(
            "integration/test_helpers_logging.py::test_every_function_writes_its_line",
            "integration/execution/test_output.py::test_every_byte_comes_back_in_order",
            "integration/test_helpers_logging.py::test_many_processes_lose_and_tear_no_line_while_the_file_is_put_aside",
        ),
    ),
    Row(
        says="`--status` asks a second, empty scheduler, and always says that none runs",
        here="asks the one that runs",
        tests=("integration/control/test_record.py::test_says_the_same_with_and_without_a_scheduler",),
        blocks=(385,),
    ),
    Row(
        says="Of `--config PATH` only the file's name counts",
        here="that file is used",
        tests=("integration/control/test_command_line.py::test_a_configuration_file_tells_the_project",),
        blocks=(385,),
    ),
    Row(
        says="As a daemon its working folder is `/`, helpers lose their packages, and memory is measured of the wrong process",
        here="a daemon works as in the foreground",
        tests=("acceptance/test_background.py::test_it_lives_apart_from_its_terminal_and_works_as_in_the_foreground",),
        blocks=(385,),
    ),
    Row(
        says="A slip in the settings ends the daemon",
        here="the settings in force stay, and it is said why",
        tests=(
            "unit/process/test_settings_on_disk.py::test_of_a_file_that_is_wrong_in_part_nothing_is_taken",
            "acceptance/test_hot_reload.py::test_a_broken_file_a_vanished_one_and_a_variable_change_nothing",
        ),
    ),
    Row(
        says="A memory limit below its size makes it restart for ever, and ignore TERM",
        here="one restart an hour at most, by replacing the process",
        tests=(
            "unit/services/test_memory_guard.py::test_memory_above_the_limit_asks_for_a_restart_once_an_hour",
            "acceptance/test_memory.py::test_a_limit_below_its_size_restarts_it_exactly_once",
        ),
    ),
    Row(
        says="What is overdue by less than a day runs once, what is older is dropped, and neither is told",
        here="`scheduler.missed` and `.missed_window` say it, and each slot is accounted for",
        tests=(
            _DEATH + "test_slots_missed_while_no_scheduler_was_there_are_all_accounted_for",
            "unit/core/test_planning.py::test_what_is_older_than_the_window_is_one_row_of_missed_slots",
        ),
    ),
    Row(
        says="An idle scheduler takes 6.4 seconds to stop",
        here="less than half a second",
        tests=("acceptance/test_stopping.py::test_idle_it_stops_within_half_a_second",),
    ),
    Row(
        says="Two schedulers work on one database; another project's is taken for one's own by its name",
        here="a lock for the folder and one for the database",
        tests=(
            _DEATH + "test_a_second_scheduler_says_who_holds_the_project_and_leaves_with_its_own_exit_code",
            _DEATH + "test_a_second_scheduler_on_the_same_database_is_refused_too",
        ),
    ),
    Row(
        says="`reset_schedules.py` crashes without arguments, knows five schedules, and a running scheduler does not obey",
        here="every schedule, with and without a scheduler",
        tests=(
            "unit/services/test_resets.py::test_a_dry_run_tells_the_same_and_changes_nothing",
            "unit/services/test_resets.py::test_only_the_tasks_that_are_named_are_reset",
            "unit/services/test_resets.py::test_every_instant_has_one_outcome_and_after_a_reset_nothing_is_overdue",
            "integration/test_schedules.py::test_a_running_scheduler_resets_what_waits_and_leaves_what_works",
        ),
        blocks=(582,),
    ),
    Row(
        says="`debug_jobs.py` always shows no jobs",
        here="the jobs on record",
        tests=("integration/test_schedules.py::test_jobs_tells_of_every_task_with_and_without_a_scheduler",),
        blocks=(837,),
    ),
    Row(
        says="`monitor_scheduler.sh` uses the wrong Python and never starts anything",
        here="the project's own, also from cron's empty environment",
        tests=(
            "integration/scripts/test_monitor.py::test_starts_a_scheduler_that_is_gone_and_is_silent_about_one_that_works",
        ),
        blocks=(473,),
    ),
    Row(
        says="`install.sh` begins with Python; HUP, which its unit sends to reload, is not handled",
        here="a shell script that shellcheck has read; HUP reads everything anew",
        tests=(
            "integration/scripts/test_install.py::test_a_life_of_an_installation",
            "acceptance/test_stopping.py::test_hup_looks_at_files_and_settings_anew_and_ends_nothing",
        ),
    ),
    Row(
        says="At its time limit only the shell of `execute_cli_command` dies, and what it printed is lost",
        here="the whole tree ends, output and time are kept",
        tests=(
            "integration/helpers/test_external_execution.py::test_at_its_limit_a_command_ends_and_what_it_wrote_is_kept",
            "integration/helpers/test_external_execution.py::test_at_the_limit_nothing_of_it_is_left",
        ),
    ),
    Row(
        says="`load_config` of a missing file prints and returns something else",
        here="FileNotFoundError, which names the file and those that are there",
        tests=(
            "integration/helpers/test_config_loader.py::test_a_file_that_is_not_there_is_an_error_that_says_what_is",
            "integration/helpers/test_config_loader.py::test_one_value_of_a_file_that_is_not_there_is_the_default",
        ),
    ),
    Row(
        says="`backup_interval`, `max_size`, `file_pattern`, `reload_on_change`, the cleaning up of old runs and the scheduler's state are never used",
        here="each does what it says",
        tests=(
            "unit/services/test_backups.py::test_the_first_comes_soon_and_the_others_at_the_interval",
            "integration/test_logs.py::test_a_full_file_is_put_aside_and_two_in_a_second_do_not_collide",
            "integration/watcher/test_folder.py::test_examples_and_patterns_are_options",
            "unit/services/test_catalog.py::test_without_reload_on_change_an_edit_waits_for_the_next_start_and_a_deletion_does_not",
            "unit/services/test_caretakers.py::test_old_runs_go_in_batches_with_their_output",
            "unit/services/test_scheduler.py::test_a_sign_of_life_is_left_twice_a_minute",
        ),
    ),
    Row(
        says="4 of its 21 tests fail on a fresh clone",
        here="all pass",
        blocks=(556,),
    ),
)

#: What its code, its scripts and its examples have besides.
UNTOLD: tuple[Row, ...] = (
    Row(
        says="The decorators take seconds, weeks, all weekdays, and `.at(time, zone)`",
        here="[Schedules](../schedules.md#ways-to-write-one)",
        tests=(
            "unit/test_decorators.py::test_every_unit_and_weekday_is_a_link_the_scheduler_reads",
            _TRIGGERS + "test_chains.py::test_names_the_zone",
        ),
    ),
    Row(
        says="A file without frontmatter and with a decorated function has the defaults",
        here="[Task files](../task-files.md)",
        tests=("unit/watcher/test_reader.py::test_a_decorated_function_without_frontmatter_has_the_defaults",),
    ),
    Row(
        says="`log_critical`, `create_task_logger`, `task_log`, `task_info`, `task_error`, `task_warning`, `task_debug`",
        here="[Helpers](../helpers.md)",
        tests=("integration/test_helpers_logging.py::test_every_function_writes_its_line",),
    ),
    Row(
        says="`log_notification` writes a JSON line a notification, in a file a day",
        here="[Helpers](../helpers.md)",
        tests=(
            "integration/helpers/test_system_notifications.py::test_what_was_shown_is_logged_in_a_file_for_each_day",
        ),
    ),
    Row(
        says="`execute_script_with_retry`",
        here="[Helpers](../helpers.md)",
        tests=("integration/helpers/test_external_execution.py::test_a_script_is_retried_until_it_succeeds",),
    ),
    Row(
        says="The example of secrets has `api_keys`, `database`, `email`, `services` and `tasks`",
        here="[Secrets](../secrets.md)",
        blocks=(329,),
    ),
    Row(
        says="A console command named `task-scheduler`",
        here="[Commands](../commands.md)",
        tests=("acceptance/test_packaging.py::test_an_installation_makes_a_project_and_runs_a_task_in_it",),
    ),
    Row(
        says="Logs of tasks and errors are kept 30 days, compressed",
        here="[Settings](../settings.md)",
        tests=("integration/test_logs.py::test_only_old_files_of_its_own_are_deleted",),
    ),
    Row(
        says="`setup_cron.sh` tells entries for 2:00 and 3:00 as well; logs above 10 MB are put aside",
        here="[Services](../services.md)",
        tests=(
            "integration/scripts/test_setup_cron.py::test_crons_own_daemon_has_the_scheduler_work",
            "integration/scripts/test_setup_cron.py::test_entries_come_and_go_and_all_else_stays_byte_for_byte",
            "integration/scripts/test_setup_cron.py::test_output_of_the_background_that_grew_large_is_put_aside_and_goes_on",
        ),
    ),
    Row(
        says="The examples write into `data/`, and the cleaning one deletes there",
        here="[Examples](../examples.md)",
        tests=(
            "integration/examples/test_examples.py::test_there_are_the_eight_the_documentation_names",
            "integration/watcher/test_folder.py::test_examples_and_patterns_are_options",
            "integration/examples/test_examples.py::test_the_cleanup_deletes_what_it_says_and_follows_no_link",
        ),
    ),
    Row(
        says="The database has tables for executions, schedules and the state of the scheduler",
        here="[Design](../design.md#the-record)",
        tests=("integration/store/test_migrations.py::test_a_migrated_database_has_the_tables_the_program_knows",),
    ),
)
