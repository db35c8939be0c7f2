"""Small changes of a JSON text: only what is meant to change changes; order, spaces and everything else stay."""

from __future__ import annotations

import json
from typing import Any

from gts.formats.strict_json import JsonPath
from gts_tui.screens.editor.json_syntax import Entry, outline


def with_value(text: str, path: JsonPath, value: str) -> str:
    """The text with a member of this value, a JSON text; a new one comes last in its object, which is made where needed."""
    entries = outline(text)
    there = _find(entries, path)
    if there is not None:
        return text[: there.start] + value + text[there.end :]
    parent = _find(entries, path[:-1])
    if parent is None:
        return with_value(text, path[:-1], _nested(text, path, value)) if len(path) > 1 else text
    before = _members(entries, path[:-1])
    key = json.dumps(str(path[-1]), ensure_ascii=False)
    if before:
        last = before[-1]
        gap = _gap(text, before, parent)
        colon = text[last.key_end : last.start]
        return f"{text[: last.end]},{gap}{key}{colon}{value}{text[last.end :]}"
    margin = _margin(text, parent.start)
    return f"{text[: parent.start]}{{\n{margin}  {key}: {value}\n{margin}}}{text[parent.end :]}"


def with_axis(text: str, path: JsonPath, value: str) -> str:
    """The text with another range or list, laid out as the one before it: of a range only the members that differ change."""
    there = _find(outline(text), path)
    old, new = _read(text[there.start : there.end]) if there else None, _read(value)
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() & new.keys():
        for key in old.keys() - new.keys() - {"when", "comment"}:
            text = without(text, (*path, key))
        for key, entry in ((str(one.path[0]), one) for one in outline(value) if len(one.path) == 1):
            if key not in old or repr(old[key]) != repr(new[key]):
                text = with_value(text, (*path, key), value[entry.start : entry.end])
        return text
    if there and isinstance(old, list) and isinstance(new, list) and old and new:
        items = [one for one in outline(text) if one.path[:-1] == path]
        first, last = items[0], items[-1]
        comma = text[items[0].end : items[1].start] if len(items) > 1 else ", "
        written = [value[one.start : one.end] for one in outline(value) if len(one.path) == 1]
        return text[: first.start] + comma.join(written) + text[last.end :]
    return with_value(text, path, value)


def without(text: str, path: JsonPath) -> str:
    """The text without a member; the comma that parted it goes too."""
    entries = outline(text)
    there = _find(entries, path)
    parent = _find(entries, path[:-1])
    if there is None or parent is None:
        return text
    members = _members(entries, path[:-1])
    at = members.index(there)
    if at + 1 < len(members):
        return text[: there.key_start] + text[members[at + 1].key_start :]
    if at:
        return text[: members[at - 1].end] + text[there.end :]
    return f"{text[: parent.start]}{{}}{text[parent.end :]}"


def difference(old: str, new: str) -> tuple[int, int, str]:
    """The one stretch in which two texts differ: its beginning and end in the old one, and what is there in the new one."""
    start = 0
    shortest = min(len(old), len(new))
    while start < shortest and old[start] == new[start]:
        start += 1
    tail = 0
    while tail < shortest - start and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return start, len(old) - tail, new[start : len(new) - tail]


def _read(text: str) -> Any:
    """What a text means; None where it is no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _find(entries: list[Entry], path: JsonPath) -> Entry | None:
    """Of a key that is there twice the last, which counts."""
    found = [entry for entry in entries if entry.path == path]
    return found[-1] if found else None


def _members(entries: list[Entry], parent: JsonPath) -> list[Entry]:
    return [entry for entry in entries if entry.path and entry.path[:-1] == parent]


def _gap(text: str, members: list[Entry], parent: Entry) -> str:
    """What stands between the comma and the next key, as the text has it elsewhere."""
    last = members[-1]
    begin = text.index(",", members[-2].end) + 1 if len(members) > 1 else parent.start + 1
    gap = text[begin : last.key_start]
    return gap if gap.isspace() else " "


def _margin(text: str, offset: int) -> str:
    """The spaces at the beginning of a line."""
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    return line[: len(line) - len(line.lstrip())]


def _nested(text: str, path: JsonPath, value: str) -> str:
    """An object with one member, as it stands inside the one that it will be in."""
    margin = "  " * (len(path) - 1)
    key = json.dumps(str(path[-1]), ensure_ascii=False)
    return f"{{\n{margin}  {key}: {value}\n{margin}}}"
