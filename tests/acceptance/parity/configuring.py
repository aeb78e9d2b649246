"""The original's chapters on settings, their reloading, the config helper and secrets."""

from __future__ import annotations

import stat

from tests.acceptance.parity.block import Block
from tests.acceptance.parity.reader import Reader

CONFIG = """\
scheduler:
  loop_interval: 10          # Main loop interval (seconds)
  task_check_interval: 5     # Task file scan interval (seconds)
  memory_cleanup_interval: 300  # Memory cleanup interval (seconds)
  max_memory_usage: 500      # Max memory usage in MB before restart

database:
  path: "data/scheduler.db"
  backup_interval: 3600      # Database backup interval (seconds)

logging:
  level: "INFO"              # Log level (DEBUG, INFO, WARNING, ERROR)
  file: "scheduler.log"
  max_size: "10 MB"
  retention: "7 days"
  rotation: "daily"

virtual_env:
  path: "venv"
  python_executable: "python3"

tasks:
  directory: "tasks"
  file_pattern: "*.py"
  reload_on_change: true
  include_example_tasks: false   # Include tasks prefixed with 'example_'
"""
HELPER = """
from helpers import load_config, get_config_value, save_config, log

config = load_config()
task_config = load_config("my_task.yaml")
api_key = get_config_value("api.key", "secrets.yaml", default="not-set")
timeout = get_config_value("timeout", "my_task.yaml", default=30)
new_config = {"setting": "value"}
saved = save_config(new_config, "my_task.yaml")

from helpers import list_config_files, get_project_root
print(config["scheduler"]["loop_interval"], task_config, api_key, timeout, saved)
print(load_config("my_task.yaml"), "my_task.yaml" in list_config_files(), get_project_root())
"""
SECRETS = """
from helpers import load_config

secrets = load_config("secrets.yaml")
api_key = secrets.get("api_keys", {}).get("openai")
print(api_key)
"""
SECRET = "sk-0123456789abcdef"


def _config(reader: Reader) -> None:
    reader.write("config/config.yaml", CONFIG)

    reader.shell("python main.py config check")
    # Read by the scheduler that runs already, and no task of the examples among its own.
    assert not [task["id"] for task in reader.project.ask("list") if task["id"].startswith("example_")]


def _reloading(reader: Reader) -> None:
    edited = CONFIG.replace('level: "INFO"', 'level: "DEBUG"').replace("max_memory_usage: 500", "max_memory_usage: 800")
    reader.write("config/config.yaml", edited)

    reader.wait_for_text("logs/scheduler.log", "logging.level: INFO -> DEBUG")
    # What the text says of hot reloading, beside its blocks.
    reader.wait_for_text("logs/scheduler.log", "scheduler.max_memory_usage: 500 MB -> 800 MB")
    reader.write("config/config.yaml", CONFIG)


def _helper(reader: Reader) -> None:
    reader.write("config/my_task.yaml", "timeout: 45\n")

    told = reader.python(HELPER).splitlines()

    assert told == ["10 {'timeout': 45} not-set 45 True", f"{{'setting': 'value'}} True {reader.root}"]


def _secrets(reader: Reader) -> None:
    reader.shell("cp config/secrets.yaml.example config/secrets.yaml\nchmod 600 config/secrets.yaml")
    example = reader.python('from helpers import load_config\nprint(sorted(load_config("secrets.yaml")))')
    assert example.strip() == "['api_keys', 'database', 'email', 'services', 'tasks']"

    reader.write("config/secrets.yaml", f"api_keys:\n  openai: {SECRET}\n")
    (reader.root / "config/secrets.yaml").chmod(0o600)

    assert reader.python(SECRETS).strip() == SECRET
    assert "/config/secrets.yaml" in reader.read(".gitignore").splitlines()
    assert stat.S_IMODE((reader.root / "config/secrets.yaml").stat().st_mode) == 0o600


BLOCKS = (
    Block(line=241, language="yaml", says="every setting with its default", carry_out=_config),
    Block(
        line=297,
        language="python",
        says="the config helper",
        adapted="config/my_task.yaml is written first, and what came of it is printed",
        carry_out=_helper,
    ),
    Block(
        line=329,
        language="python",
        says="load a secret",
        adapted="the import the text leaves out; a made-up key",
        carry_out=_secrets,
    ),
    Block(
        line=646,
        language="yaml",
        says="more in the log",
        adapted="in place of the level in the file, together with a larger max_memory_usage; both in force without a restart",
        carry_out=_reloading,
    ),
)
