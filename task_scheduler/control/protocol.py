r"""How requests and replies are written: one JSON object a line.

    {"id": 1, "command": "history", "arguments": {"task": "report"}}
    {"id": 1, "ok": true, "result": [...]}
    {"id": 1, "ok": false, "error": {"kind": "UnknownTask", "message": "no task 'reprot', did you mean 'report'?"}}

A connection carries any number of requests, one after another.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from task_scheduler.control.errors import BadRequest, kind_of
from task_scheduler.core.errors import TaskSchedulerError, did_you_mean

#: Bytes of the longest request, its line end included.
LONGEST_REQUEST = 1_000_000
#: Members of a list that are written in one piece.
_PIECE = 50

RequestId = int | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it was written; neither command nor arguments are checked yet."""

    id: RequestId
    command: object
    arguments: Mapping[str, object]


def encode(document: Mapping[str, object]) -> bytes:
    """Return a document as one line."""
    return _text(document) + b"\n"


def _text(value: object) -> bytes:
    # ASCII with escapes carries every text, lone surrogates of undecodable file names included.
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def decode(line: bytes) -> dict[str, object]:
    """Read one line; raises BadRequest when it is not a JSON object."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"not a line of JSON: {error}") from None
    if not isinstance(document, dict):
        raise BadRequest(f"a JSON object is needed, such as {{}}, not {document!r:.60}")
    return document


def read_request(line: bytes) -> Request:
    """Read a request; raises BadRequest when its shape is wrong."""
    document = decode(line)
    for key in document:
        if key not in {"id", "command", "arguments"}:
            raise BadRequest(f"unknown key {key!r:.60}{did_you_mean(key, ['id', 'command', 'arguments'])}")
    number, arguments = document.get("id"), document.get("arguments") or {}
    if number is not None and (isinstance(number, bool) or not isinstance(number, int | str)):
        raise BadRequest(f"'id' is {number!r:.60}: give a whole number or a text")
    if not isinstance(arguments, dict):
        raise BadRequest(f"'arguments' is {arguments!r:.60}: give a JSON object")
    return Request(id=number, command=document.get("command"), arguments=arguments)


def success(request_id: RequestId, result: object) -> Iterator[bytes]:
    """Yield the pieces of the reply to a command that was carried out, each of them short work.

    Ten thousand tasks take a fifth of a second to write, in which no due job could be started.
    """
    yield b'{"id":' + _text(request_id) + b',"ok":true,"result":'
    if isinstance(result, list):
        yield b"["
        for start in range(0, len(result), _PIECE):
            inner = _text(result[start : start + _PIECE])[1:-1]
            yield b"," + inner if start else inner
        yield b"]"
    else:
        yield _text(result)
    yield b"}\n"


def failure(request_id: RequestId, error: TaskSchedulerError) -> bytes:
    """Return the reply to a command that was not."""
    return encode({"id": request_id, "ok": False, "error": {"kind": kind_of(error), "message": str(error)}})
