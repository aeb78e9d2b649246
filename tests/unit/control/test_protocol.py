"""Requests and replies as lines of JSON."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.control import errors, protocol
from task_scheduler.core.errors import (
    NotRunning,
    Refused,
    SchemaTooNew,
    StoreError,
    TaskSchedulerError,
    TriggerError,
    UnknownTask,
)


def test_reads_a_request() -> None:
    request = protocol.read_request(b'{"id": 1, "command": "show", "arguments": {"task": "report"}}\n')

    assert request == protocol.Request(id=1, command="show", arguments={"task": "report"})


@pytest.mark.parametrize(
    ("line", "start"),
    [
        (b"\n", "not a line of JSON: "),
        (b"GET / HTTP/1.1\r\n", "not a line of JSON: "),
        (b"\xff\xfe\n", "not a line of JSON: "),
        (b"[" * 100_000 + b"\n", "not a line of JSON: "),
        (b'{"id": ' + b"9" * 5_000 + b"}\n", "not a line of JSON: "),
        (b"[1]\n", "a JSON object is needed, such as {}, not [1]"),
        (b'{"comand": "list"}\n', "unknown key 'comand', did you mean 'command'?"),
        (b'{"id": true}\n', "'id' is True: give a whole number or a text"),
        (b'{"id": 1.5}\n', "'id' is 1.5: give a whole number or a text"),
        (b'{"command": "list", "arguments": ["x"]}\n', "'arguments' is ['x']: give a JSON object"),
    ],
)
def test_refuses_a_request_of_the_wrong_shape(line: bytes, start: str) -> None:
    with pytest.raises(errors.BadRequest) as caught:
        protocol.read_request(line)

    assert str(caught.value).startswith(start)


@given(st.binary(max_size=200))
def test_no_line_of_bytes_raises_anything_else(line: bytes) -> None:
    with suppress(errors.BadRequest):
        protocol.read_request(line)


@given(st.dictionaries(st.text(alphabet=st.characters(exclude_categories=())), st.text() | st.integers() | st.none()))
def test_every_text_survives_the_way(result: dict[str, object]) -> None:
    line = b"".join(protocol.success(3, result))

    assert line.count(b"\n") == 1
    assert protocol.decode(line) == {"id": 3, "ok": True, "result": result}


@pytest.mark.parametrize("length", [0, 1, 49, 50, 51, 100, 123])
def test_a_long_list_is_written_in_pieces_that_make_one_line(length: int) -> None:
    result = [{"number": number, "of": [length]} for number in range(length)]

    pieces = list(protocol.success("a", result))

    assert protocol.decode(b"".join(pieces)) == {"id": "a", "ok": True, "result": result}
    assert b"".join(pieces).count(b"\n") == 1
    assert max(map(len, pieces)) < 2_000


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (UnknownTask("reprot", ["report"]), UnknownTask),
        (Refused("the task is disabled"), Refused),
        (NotRunning("/srv"), NotRunning),
        (SchemaTooNew("a.db", "0009"), StoreError),
        (TriggerError("no such day"), errors.CommandFailed),
    ],
)
def test_an_error_arrives_as_the_nearest_known_kind_with_its_message(
    error: TaskSchedulerError, kind: type[TaskSchedulerError]
) -> None:
    told = json.loads(protocol.failure(1, error))["error"]

    rebuilt = errors.rebuild(told["kind"], told["message"])

    assert type(rebuilt) is kind
    assert str(rebuilt) == str(error)


@pytest.mark.parametrize("kind", ["SystemExit", "Exception", None, 3, "__class__"])
def test_a_reply_cannot_name_an_error_that_is_not_in_the_table(kind: object) -> None:
    assert type(errors.rebuild(kind, None)) is errors.CommandFailed
