"""Between the open texts and the disk: opening, saving, what other programs write, and edits that nothing may take.

One open file: what the disk holds, what stands on the screen, and whether the difference is safe.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gts.errors import FileError, GtsError
from gts_tui.polling import changed
from gts_tui.screens.editor.files import (
    Findings,
    Kept,
    Saved,
    forget,
    keep,
    kept_of,
    kind_of_text,
    let_go,
    load,
    read_again,
    save,
)
from gts_tui.screens.external_editor import edit_copy_outside, edit_outside
from gts_tui.widgets.dialogs import Choose, Confirm

if TYPE_CHECKING:
    from gts_tui.screens.editor.screen import EditorMode


@dataclass
class Buffer:
    """An open file. The text on the screen is `text`; who changes it calls `edited`."""

    path: Path
    name: str
    """As a person knows it: relative to the workspace where it lies in it."""
    saved: Saved
    text: str = ""
    kept: str | None = None
    """The unsaved text that is on the disk; None where there is none."""
    findings: Findings = field(default_factory=Findings)
    other: Saved | None = None
    """What another program has written meanwhile, as long as nobody has said what shall hold."""

    @classmethod
    def opened(cls, path: Path, root: Path) -> Buffer:
        """A file as it is now; raises FileError."""
        saved = load(path)
        try:
            name = str(path.relative_to(root))
        except ValueError:
            name = str(path)
        return cls(path, name, saved, saved.text)

    @property
    def kind(self) -> str:
        """`spec` or `space`."""
        return kind_of_text(self.name, self.text)

    @property
    def changed(self) -> bool:
        """Whether there is something to save."""
        return self.text != self.saved.text or not self.saved.there

    @property
    def at_risk(self) -> bool:
        """Whether there are edits that a kill would take."""
        return self.text != self.saved.text and self.kept != self.text

    def keep(self) -> None:
        """Put the edits on the disk, or take them off where there are none; raises FileError."""
        if self.text == self.saved.text:
            self.drop_kept()
        elif self.kept != self.text:
            text = self.text
            keep(self.path, text)
            self.kept = text

    def drop_kept(self) -> None:
        """Nothing is unsaved any more."""
        let_go(self.path)
        self.kept = None

    def save(self) -> None:
        """Write the text; raises FileError."""
        self.saved = save(self.path, self.text, self.saved)
        self.other = None
        self.drop_kept()

    def seen(self, saved: Saved) -> bool:
        """The disk holds this now; whether that is news."""
        known = self.other or self.saved
        if saved.stamp == known.stamp:
            return False
        if saved.text == self.saved.text and saved.there == self.saved.there:
            # The same again, such as after a checkout and back.
            self.saved, self.other = saved, None
            return False
        self.other = saved
        return True

    def settle(self, *, mine: bool) -> None:
        """What another program wrote is what the edits are held against now; with `mine` false the text is to be that too."""
        if self.other is not None:
            self.saved, self.other = self.other, None
            if not mine:
                self.text = self.saved.text


KEY = "editor.files"


class Keeper:
    """Looks after the open files of an editor."""

    def __init__(self, mode: EditorMode) -> None:
        self.mode = mode
        self.buffers: list[Buffer] = []

    def tell(self, message: str, *, bad: bool = False) -> None:
        """Say a sentence."""
        self.mode.app.notify(message, severity="error" if bad else "information", markup=False)

    # -- opening ------------------------------------------------------------------------------------------------------

    def open(self, path: Path) -> Buffer | None:
        """A file that is open from now on; None where it cannot be, which is said."""
        there = next((buffer for buffer in self.buffers if buffer.path == path), None)
        if there is not None:
            return there
        try:
            buffer = Buffer.opened(path, self.mode.program.workspace.root)
        except GtsError as error:
            self.tell(error.message + (f"; {error.hint}" if error.hint else ""), bad=True)
            return None
        self.buffers.append(buffer)
        if buffer.saved.note:
            self.tell(f"{buffer.name}: {buffer.saved.note}")
        self.watch()
        return buffer

    def offer_kept(self, buffer: Buffer) -> None:
        """Offer what a program that is gone had not saved."""
        offered: list[Kept] = []
        for kept in kept_of(buffer.path):
            if kept.in_use:
                self.tell(f"another program has edits of {buffer.name} that are not saved")
            elif kept.text == buffer.saved.text:
                forget(kept)
            else:
                offered.append(kept)
        if offered:
            self._offer(buffer, offered[0])

    def _offer(self, buffer: Buffer, kept: Kept) -> None:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(kept.written))
        lines = len(kept.text.splitlines())
        question = f"{buffer.name} has edits that were never saved, from {when} ({lines} lines)."
        choices = (
            ("take", "go on with them"),
            ("look", "go on with them, and show the difference first"),
            ("drop", "throw them away"),
            ("later", "leave them for another day"),
        )

        def done(answer: str | None) -> None:
            if answer in ("take", "look"):
                self.mode.bench.replace_text(buffer, kept.text)
                try:
                    buffer.keep()
                    forget(kept)
                except FileError as error:
                    self.tell(error.message, bad=True)
                if answer == "look":
                    self.mode.bench.show_view("diff")
            elif answer == "drop":
                forget(kept)

        self.mode.app.push_screen(Choose(question, choices), done)

    # -- what other programs write ------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Look after the files that are open now."""
        paths = tuple(buffer.path for buffer in self.buffers)
        if not paths:
            self.mode.program.watcher.forget(KEY)
            return

        def read() -> tuple[tuple[Path, Saved | GtsError], ...]:
            return tuple((path, _reading(path)) for path in paths)

        self.mode.program.watcher.follow(KEY, lambda: changed(*paths), read, self._seen)

    def _seen(self, reading: tuple[tuple[Path, Saved | GtsError], ...] | GtsError) -> None:
        if isinstance(reading, GtsError):
            return
        for path, saved in reading:
            buffer = next((one for one in self.buffers if one.path == path), None)
            # What is older than the last save is no news; a newer reading follows.
            if buffer is None or isinstance(saved, GtsError) or changed(path) != saved.stamp:
                continue
            clean = not buffer.changed
            if buffer.seen(saved):
                if clean and saved.there:
                    buffer.settle(mine=False)
                    self.mode.bench.replace_text(buffer, buffer.text)
                    self.tell(f"{buffer.name} was changed on disk and is read again; ctrl+z shows it as it was")
                else:
                    self.ask_about(buffer)
        self.mode.redraw()

    def ask_about(self, buffer: Buffer, then: Callable[[], None] = lambda: None) -> None:
        """Ask what shall hold of two versions; `then` is done where it is this one."""
        other = buffer.other
        if other is None:
            return
        if other.there:
            question = f"{buffer.name} has edits here, and was changed on disk."
            choices = [("mine", "keep my edits; ctrl+s writes over it"), ("theirs", "take it as it is on disk")]
            choices.append(("look", "show the difference first"))
        else:
            question = f"{buffer.name} was deleted."
            choices = [("mine", "keep the text; ctrl+s makes it again"), ("close", "close it")]

        def done(answer: str | None) -> None:
            if answer == "mine":
                buffer.settle(mine=True)
                then()
            elif answer == "theirs":
                buffer.settle(mine=False)
                self.mode.bench.replace_text(buffer, buffer.text)
                buffer.drop_kept()
            elif answer == "look":
                self.mode.bench.show_view("diff")
            elif answer == "close":
                self.drop(buffer)
            self.mode.redraw()

        self.mode.app.push_screen(Choose(question, choices), done)

    # -- saving -------------------------------------------------------------------------------------------------------

    def save(self, buffer: Buffer, then: Callable[[], None] = lambda: None) -> None:
        """Save a file, unless somebody else has written it meanwhile: then ask first."""
        if self.mode.program.settings.readonly:
            self.tell("this program was started with --readonly", bad=True)
            return
        try:
            now = read_again(buffer.path)
        except GtsError as error:
            # It cannot be read: what would be written over nobody knows.
            self.tell(error.message, bad=True)
            return
        buffer.seen(now)
        if buffer.other is not None:
            self.ask_about(buffer, lambda: self.save(buffer, then))
            return
        try:
            buffer.save()
        except FileError as error:
            self.keep(buffer)
            self.tell(f"{error.message}; {error.hint}", bad=True)
            return
        self.mode.saved(buffer)
        then()

    def edit_outside(self, buffer: Buffer) -> None:
        """Edit in the person's own editor: the file, or a copy of the text where it has edits that are not saved."""
        if self.mode.program.settings.readonly:
            self.tell("this program was started with --readonly", bad=True)
            return
        if not self.keep(buffer):
            return
        try:
            if buffer.changed:
                text = edit_copy_outside(self.mode.app, buffer.name, buffer.text, buffer.saved)
            else:
                edit_outside(self.mode.app, buffer.path)
                buffer.saved = load(buffer.path)
                text = buffer.saved.text
            self.mode.bench.replace_text(buffer, text)
        except GtsError as error:
            self.tell(error.message + (f"; {error.hint}" if error.hint else ""), bad=True)
        self.mode.redraw()

    def keep(self, buffer: Buffer) -> bool:
        """Put edits where a crash does not reach them; whether they are there."""
        try:
            buffer.keep()
        except FileError as error:
            self.tell(f"edits of {buffer.name} are not safe: {error.message}", bad=True)
            return False
        return True

    def all_kept(self) -> bool:
        """Keep every edit; where one cannot be kept, ask whether the program shall end all the same."""
        lost = [buffer.name for buffer in self.buffers if buffer.at_risk and not self.keep(buffer)]
        if not lost:
            return True

        def done(yes: bool | None) -> None:
            if yes:
                self.mode.app.exit(0)

        self.mode.app.push_screen(Confirm(f"Edits of {', '.join(lost)} can neither be saved nor kept. End all the same?"), done)
        return False

    # -- closing ------------------------------------------------------------------------------------------------------

    def close(self, buffer: Buffer) -> None:
        """Close a file; where it has edits, ask what shall become of them."""
        if not buffer.changed:
            self.drop(buffer)
            return
        choices = (("save", "save it"), ("drop", "throw the edits away"))

        def done(answer: str | None) -> None:
            if answer == "save":
                self.save(buffer, lambda: self.drop(buffer))
            elif answer == "drop":
                self.drop(buffer)

        self.mode.app.push_screen(Choose(f"{buffer.name} has edits that are not saved.", choices), done)

    def drop(self, buffer: Buffer) -> None:
        """Close a file."""
        buffer.drop_kept()
        self.buffers.remove(buffer)
        self.watch()
        self.mode.closed(buffer)


def _reading(path: Path) -> Saved | GtsError:
    try:
        return read_again(path)
    except GtsError as error:
        return error
