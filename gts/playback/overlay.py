"""The words over a picture: the same in a terminal and in a window."""

from __future__ import annotations

from collections.abc import Iterable

from gts.playback.frame_protocol import FrameState, SceneInfo

KEYS = (("space", "pause"), ("→", "step"), ("R", "restart"), ("K", "keep on"), ("N", "next"), ("Q", "quit"))
"""What the keys do."""


def facts(moment: FrameState) -> tuple[tuple[str, str], ...]:
    """What a person looks at, by name: time, return, speed."""
    return (
        ("time", f"{moment.time:.2f} s"),
        ("return", f"{moment.episode_return:.1f}"),
        ("speed", f"{round(moment.speed, 2) + 0.0:.2f} m/s"),
    )


def terms(moment: FrameState) -> tuple[tuple[str, str], ...]:
    """What each reward term gives or takes, by name."""
    return tuple((name, f"{round(value, 2) + 0.0:+.2f}".replace("-", "−")) for name, value in moment.terms.items())


def conditions(moment: FrameState) -> tuple[str, ...]:
    """What is out of the ordinary."""
    found = [
        "paused" if moment.paused else "",
        "fallen" if moment.fallen else "",
        "keeps on" if moment.keep_on else "",
        f"{moment.rate:g}× speed" if moment.rate != 1.0 else "",
        moment.note,
    ]
    return tuple(filter(None, found))


def head_lines(stage: SceneInfo, moment: FrameState, width: int, most: int) -> list[str]:
    """Name, facts, conditions and reward terms in `most` lines (one at least), the most important ones where there are few."""
    pieces = [text if name != "return" else f"return {text}" for name, text in facts(moment)]
    brackets = [f"[{condition}]" for condition in conditions(moment)]
    now, marks = "  ".join(pieces), "  ".join(brackets)
    gains = _as_many(width, (f"{name} {value}" for name, value in terms(moment)))
    whole = "  ".join(filter(None, (stage.name, now, marks)))
    if len(whole) <= width:
        lines = [whole]
    else:
        both = "  ".join(filter(None, (now, marks)))
        # Where there is room for some of it only, what is out of the ordinary comes before the numbers but the time.
        told = both if len(both) <= width else _as_many(width, (pieces[0], *brackets, *pieces[1:]))
        lines = [stage.name[:width], told] if most >= 2 else [told]
    return [*lines, gains] if gains and len(lines) < most else lines


def key_line(width: int, *, several: bool) -> str:
    """What the keys do, as far as there is room; N only where there is a next one."""
    return _as_many(width, (f"{key} {does}" for key, does in KEYS if key != "N" or several))


def _as_many(width: int, words: Iterable[str]) -> str:
    """Words in one line, as many as fit."""
    line = ""
    for word in words:
        longer = f"{line}  {word}" if line else word
        if len(longer) > width:
            break
        line = longer
    return line
