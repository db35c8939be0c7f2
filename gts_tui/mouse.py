"""Who has the mouse: this program, or the terminal, which can mark text then."""

from __future__ import annotations

from textual.driver import Driver

_REPORTS = (1000, 1003, 1015, 1006)
"""Presses, movements, and two ways to write down where; as Textual asks for them."""


def set_mouse(driver: Driver | None, on: bool) -> None:
    """Ask the terminal to report the mouse, or to keep it. The driver has to know, since it gives the mouse back at the end."""
    if driver is None:
        return
    # It writes nothing about the mouse while it believes that nobody wants it.
    driver._mouse = True
    driver.write("".join(f"\x1b[?{number}{'h' if on else 'l'}" for number in _REPORTS))
    driver.flush()
    driver._mouse = on
