"""The words over a picture: the same in a terminal and in a window."""

from __future__ import annotations

from gts.playback.stage import Moment, Stage

KEYS = (("space", "pause"), ("→", "step"), ("R", "restart"), ("K", "keep on"), ("N", "next"), ("Q", "quit"))
"""What the keys do."""


def facts(moment: Moment) -> tuple[tuple[str, str], ...]:
    """What a person looks at, by name: time, return, speed."""
    return (
        ("time", f"{moment.time:.2f} s"),
        ("return", f"{moment.total:.1f}"),
        ("speed", f"{moment.speed:.2f} m/s"),
    )


def terms(moment: Moment) -> tuple[tuple[str, str], ...]:
    """What each reward term gives or takes, by name."""
    return tuple((name, f"{value + 0.0:+.2f}".replace("-", "−")) for name, value in moment.terms.items())


def conditions(moment: Moment) -> tuple[str, ...]:
    """What is out of the ordinary."""
    found = [
        "paused" if moment.paused else "",
        "fallen" if moment.fallen else "",
        "keeps on" if moment.keep_on else "",
        f"{moment.rate:g}× speed" if moment.rate != 1.0 else "",
        moment.note,
    ]
    return tuple(filter(None, found))


def head_line(stage: Stage, moment: Moment, width: int) -> str:
    """Name, facts and conditions in one line; the facts are what stays where there is little room."""
    middle = "  ".join(text if name != "return" else f"return {text}" for name, text in facts(moment))
    marks = "  ".join(f"[{condition}]" for condition in conditions(moment))
    for parts in ((stage.name, middle, marks), (middle, marks), (middle,)):
        line = "  ".join(filter(None, parts))
        if len(line) <= width:
            return line
    return line[:width]


def term_line(moment: Moment, width: int) -> str:
    """The reward terms in one line, as many as fit."""
    line = ""
    for name, value in terms(moment):
        longer = f"{line}   {name} {value}" if line else f"{name} {value}"
        if len(longer) > width:
            break
        line = longer
    return line


def key_line(width: int, *, several: bool) -> str:
    """What the keys do, as far as there is room; N only where there is a next one."""
    line = ""
    for key, does in KEYS:
        if key == "N" and not several:
            continue
        longer = f"{line}  {key} {does}" if line else f"{key} {does}"
        if len(longer) > width:
            break
        line = longer
    return line
