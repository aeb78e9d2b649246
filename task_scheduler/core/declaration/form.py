"""One frontmatter as a form that is read key by key: strict types, and a sentence for each mistake."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from types import MappingProxyType
from typing import TypeVar

from task_scheduler.core.declaration.keys import KEYS, LONGEST_SHOWN, REMOVE_IT, meant_key, shown_key
from task_scheduler.core.errors import Problem, Severity, did_you_mean
from task_scheduler.core.quantities import parse_duration, parse_size

#: What `Form.value` returns for a key that is not given.
MISSING = object()

DAY = 86_400

_PARTS = re.compile(r"[.\[]")
_WHOLE_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?")
_DURATION = re.compile(r"(?:[0-9]{1,9}[ ]*[a-z]+[ ,]*)+")
_AMOUNT = re.compile(r"([0-9]+)[ ]*([a-z]+)")
_DIGITS = re.compile(r"[0-9]{1,12}")
_LETTER_ONLY = re.compile(r"([0-9]{1,12})\s*([kmgt])i?", re.IGNORECASE)
_IMPOSSIBLE = re.compile("[\0\ud800-\udfff]")
_SECONDS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
        **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
        **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3_600),
        **dict.fromkeys(("d", "day", "days"), DAY),
    }
)
_MEANS_TRUE = frozenset({"true", "yes", "on", "y", "1"})
_MEANS_FALSE = frozenset({"false", "no", "off", "n", "0"})

Default = TypeVar("Default", int, None)


def shown(value: object) -> str:
    """Return a value as a message names it, cut to a readable length."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            text = repr(value)
            return f"the text {text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + '…'}"
        case date() | time():
            return f"the {'time' if isinstance(value, time) else 'date'} {value.isoformat()}"
        case Mapping():
            return "a mapping"
        case _:
            return "a list"


def holds_impossible_letter(text: str) -> bool:
    """Whether a text holds a character that no command line, variable or path can."""
    return _IMPOSSIBLE.search(text) is not None


class Form:
    """One frontmatter, read key by key; what is wrong gathers in `problems`."""

    def __init__(
        self,
        data: Mapping[str, object],
        *,
        path: str,
        lines: Mapping[str, int],
        spelled: Mapping[str, str],
        assigns: str,
    ) -> None:
        self._data = data
        self._path = path
        self._lines = lines
        self._spelled = spelled
        self.assigns = assigns  #: what stands between a key and its value
        self.problems: list[Problem] = []
        self._faulty: set[str] = set()

    def error(self, key: str, message: str) -> None:
        """Record that the value of `key` cannot be used."""
        self._faulty.add(_whole(key))
        self._add(key, message, Severity.ERROR)

    def warning(self, key: str, message: str) -> None:
        """Record that the person should know something about `key`."""
        self._add(key, message, Severity.WARNING)

    def refuse_unknown_keys(self) -> None:
        """Record every key that has no meaning."""
        for key in self._data:
            if key not in KEYS:
                hint = meant_key(key) or REMOVE_IT
                self.error(key, f"unknown key {shown_key(key)}{hint}")

    def recommend(self, keys: Sequence[str], otherwise: str) -> None:
        """Warn, once, of keys that are missing; `otherwise` is what becomes of the first of them."""
        missing = [key for key in keys if not self.has(key)]
        if missing:
            are = "is" if len(missing) == 1 else "are"
            consequence = f", and {otherwise}" if keys[0] in missing else ", to tell others what the task is for"
            self.warning(missing[0], f"{' and '.join(missing)} {are} missing: recommended{consequence}")

    def spelled(self, key: str) -> str:
        """Return a key as the file spells it."""
        return self._spelled.get(key, key)

    def has(self, key: str) -> bool:
        """Whether the file gives the key, be its value usable or not."""
        return key in self._data or key in self._lines

    def is_sound(self, *keys: str) -> bool:
        """Whether none of the keys has a value that cannot be used, as far as they were read."""
        return self._faulty.isdisjoint(keys)

    def is_empty_list(self, key: str) -> bool:
        """Whether the file gives a list without an item."""
        return self._data.get(key) == []

    def value(self, key: str) -> object:
        """Return the value of a key, `MISSING` when it is not given or left empty (then recorded)."""
        value = self._data.get(key, MISSING)
        if value is None:
            self.error(key, f"{key} has no value: give it one, or remove the line")
            return MISSING
        return value

    def text(self, key: str) -> str | None:
        """Return a text, None when it is not given or not one."""
        value = self.value(key)
        if value is MISSING:
            return None
        return self.as_text(key, value)

    def as_text(self, key: str, value: object, example: str = "") -> str | None:
        """Return `value` when it is text, else record what to write; `example` is such a text."""
        if isinstance(value, str):
            return value
        if value is None:
            self.error(key, f"{self.spelled(key)} has no value: give it one, or remove the line")
            return None
        way_out = "" if isinstance(value, list | Mapping) else ": put it in quotes"
        if way_out and example:
            way_out += f', such as "{example}"'
        self.error(key, f"{self.spelled(key)} must be text, not {shown(value)}{way_out}")
        return None

    def truth(self, key: str, default: bool) -> bool:  # noqa: FBT001 - the key's default, not a switch
        """Return true or false."""
        value = self.value(key)
        if isinstance(value, bool):
            return value
        if value is not MISSING:
            self.error(key, f"{key} must be true or false, not {shown(value)}{_truth_hint(value)}")
        return default

    def choice(self, key: str, words: Iterable[str], others: Mapping[str, str] | None = None) -> str | None:
        """Return one of some words, None when it is not given or none of them; `others` is what people write for them."""
        value = self.value(key)
        known = [str(word) for word in words]
        if value is MISSING:
            return None
        if isinstance(value, str) and value in known:
            return value
        # `overlap: true` is meant to say something, too.
        plain = str(value).strip().lower().replace("-", "_").replace(" ", "_")
        meant = plain if plain in known else (others or {}).get(plain)
        hint = f", did you mean {meant!r}?" if meant else did_you_mean(plain, known)
        *most, last = known
        self.error(key, f"{key} must be {', '.join(most)} or {last}, not {shown(value)}{hint}")
        return None

    def whole_number(
        self,
        key: str,
        default: Default,
        least: int,
        most: int,
        unit: str = "",
        *,
        example: int,
    ) -> int | Default:
        """Return a whole number from `least` to `most`; with a unit it counts seconds. `example` is for the sentence."""
        value = self.value(key)
        if value is MISSING:
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            hint = _number_hint(value, example, in_seconds=bool(unit))
            self.error(key, f"{key} must be a whole number, not {shown(value)}{hint}")
        elif not least <= value <= most:
            bounds = f"from {least} to {most:,}" + (f" {unit}" if unit else "")
            self.error(key, f"{key} must be {bounds}, not {value}")
        else:
            return value
        return default

    def number(self, key: str, default: float, least: int, most: int, example: str) -> float:
        """Return a number from `least` to `most`, with or without a fraction."""
        value = self.value(key)
        if value is MISSING:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            is_quoted = isinstance(value, str) and _NUMBER.fullmatch(value) is not None
            hint = f": write {value} without quotes" if is_quoted else f": write digits, such as {example}"
            self.error(key, f"{key} must be a number, not {shown(value)}{hint}")
        elif not least <= value <= most:  # and so for what is no number, NaN
            self.error(key, f"{key} must be from {least} to {most}, not {value}")
        else:
            return float(value)
        return default

    def size(self, key: str, least: str, most: str, example: str) -> int | None:
        """Return bytes, None when the key is not given; `least` and `most` are sizes as people write them."""
        value = self.value(key)
        if value is MISSING:
            return None
        is_bytes = isinstance(value, int) and not isinstance(value, bool)
        if not is_bytes and not isinstance(value, str):
            self.error(key, f'{key} must be a size such as "{example}", not {shown(value)}')
            return None
        try:
            size = parse_size(value)
        except ValueError:
            size = -1
        if size < 0 and not is_bytes:
            self.error(key, f'{key} must be a size such as "{example}", not {shown(value)}{_size_hint(str(value))}')
        elif size < parse_size(least):
            meant = f', which is bytes: write "{value} MB"' if is_bytes and _is_likely_megabytes(value) else ""
            self.error(key, f"{key} must be at least {least}, not {shown(value)}{meant}")
        elif size > parse_size(most):
            self.error(key, f"{key} must be at most {most}, not {shown(value)}")
        else:
            return size
        return None

    def duration(self, key: str, most: int, most_shown: str, example: str) -> int | None:
        """Return whole seconds, given as their number or with a unit; None when the key is not given."""
        value = self.value(key)
        if value is MISSING:
            return None
        try:
            seconds = parse_duration(value)
        except ValueError:
            seconds = -1
        if seconds < 0 or not seconds.is_integer():
            is_digits = isinstance(value, str) and _DIGITS.fullmatch(value.strip())
            hint = f": write {str(value).strip()} without quotes" if is_digits else ""
            self.error(key, f'{key} must be whole seconds or a duration such as "{example}", not {shown(value)}{hint}')
        elif seconds > most:
            self.error(key, f"{key} must be at most {most_shown}, not {shown(value)}")
        else:
            return int(seconds)
        return None

    def items(self, key: str, example: str, between: re.Pattern[str] | None = None) -> Iterator[tuple[str, object]]:
        """Yield each item of a list, with the key that names it.

        `between` is what people write between items where they forget that it is a list.
        """
        value = self.value(key)
        if value is MISSING:
            return
        if not isinstance(value, list):
            is_simple = isinstance(value, str) and value.isprintable() and len(value) <= LONGEST_SHOWN
            items = between.split(str(value).strip()) if between and is_simple else [value]
            instead = "[" + ", ".join(f'"{item}"' for item in items) + "]" if is_simple else example
            self.error(key, f"{key} must be a list, not {shown(value)}: write {instead}")
            return
        for number, item in enumerate(value):
            yield f"{key}[{number}]", item

    def texts(self, key: str, example: str, between: re.Pattern[str] | None = None) -> Iterator[tuple[str, str]]:
        """Yield each item of a list of texts, with the key that names it; `between` as for `items`."""
        for name, item in self.items(key, example, between):
            text = self.as_text(name, item)
            if text is not None:
                yield name, text

    def _add(self, key: str, message: str, severity: Severity) -> None:
        line = self._lines.get(key, self._lines.get(_whole(key), self._lines.get("")))
        self.problems.append(Problem(path=self._path, message=message, line=line, severity=severity))


def _whole(key: str) -> str:
    """Return the key that an item or a variable belongs to."""
    return _PARTS.split(key, maxsplit=1)[0]


def _truth_hint(value: object) -> str:
    word = str(value).strip().lower()
    if word in {"true", "false"}:
        return f": write {word} without quotes"
    if word in _MEANS_TRUE:
        return ": write true"
    if word in _MEANS_FALSE:
        return ": write false"
    return ""


def _number_hint(value: object, example: int, *, in_seconds: bool) -> str:
    seconds = _seconds(value) if in_seconds and isinstance(value, str) else None
    if seconds is not None:
        return f": write {seconds}, in seconds"
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value):
        return f": write {value} without quotes"
    if isinstance(value, float) and value.is_integer():
        return f": write {int(value)}"
    return f": write digits, such as {example}"


def _seconds(text: str) -> int | None:
    """Return what `10 minutes` or `1h 30m` is in seconds, None for what is no duration."""
    text = text.strip().lower()
    if not _DURATION.fullmatch(text):
        return None
    amounts = [(int(number), _SECONDS.get(unit)) for number, unit in _AMOUNT.findall(text)]
    if any(unit is None for _, unit in amounts):
        return None
    return sum(number * (unit or 0) for number, unit in amounts)


def _size_hint(text: str) -> str:
    """Say what seems to be meant by a text that is no size."""
    text = text.strip()
    if _DIGITS.fullmatch(text):
        return f': write "{text} MB"'
    letter = _LETTER_ONLY.fullmatch(text)
    if letter:
        number, prefix = letter[1], letter[2].upper()
        decimal = "kB" if prefix == "K" else f"{prefix}B"
        return f': write "{number} {decimal}" (of 1000) or "{number} {prefix}iB" (of 1024)'
    return ""


def _is_likely_megabytes(value: object) -> bool:
    return isinstance(value, int) and 0 < value < 100_000
