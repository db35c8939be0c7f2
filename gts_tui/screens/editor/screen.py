"""The mode `editor`: specs and spaces as text and as a form, with what is wrong and what everything means."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer

from gts.errors import FileError
from gts_tui.command_syntax import joined
from gts_tui.screens.editor.documents import KEY, Buffer, Keeper
from gts_tui.screens.editor.files import specs_and_spaces
from gts_tui.screens.editor.form import Form
from gts_tui.screens.editor.panes import FileBar, NothingOpen, ProblemList
from gts_tui.screens.editor.text_area import mark_of
from gts_tui.screens.editor.workbench import View, Workbench
from gts_tui.screens.mode import Mode
from gts_tui.screens.new_file import ask_for_new
from gts_tui.widgets.dialogs import Choose, Confirm

KEEP_SECONDS = 1.0
WIDE = 110


class EditorMode(Mode):
    """Open files, one of them shown."""

    NAME = "editor"
    TITLE = "editor"
    DEFAULT_CSS = """
    EditorMode.-wide Workbench { layout: horizontal; }
    EditorMode.-wide HelpPane { width: 38; height: 100%; border-top: none; border-left: solid $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "save", id="editor.save"),
        Binding("f2,f", "view('form')", "form", id="editor.form"),
        Binding("f3,v", "view('diff')", "diff", id="editor.diff"),
        Binding("f4,E", "external", "$EDITOR", id="editor.external"),
        Binding("f5,t", "train", "train", id="editor.train"),
        Binding("f8", "problem(1)", "next problem", show=False, id="editor.next_problem"),
        Binding("shift+f8,f20", "problem(-1)", "previous problem", show=False, id="editor.previous_problem"),
        # Before the text gets it: what is typed right after it is what to find.
        Binding("ctrl+f", "find", "find", priority=True, id="editor.find"),
        Binding("slash", "find", "find", show=False, id="editor.find_from_panels"),
        Binding("ctrl+o", "files", "open", id="editor.files"),
        Binding("n", "new", "new", show=False, id="editor.new"),
        Binding("left_square_bracket", "turn(-1)", "previous file", key_display="[", show=False, id="editor.previous"),
        Binding("right_square_bracket", "turn(1)", "next file", key_display="]", show=False, id="editor.next"),
        Binding("u", "undo", "undo", show=False, id="editor.undo"),
        Binding("U", "redo", "redo", show=False, id="editor.redo"),
        Binding("x", "close", "close file", show=False, id="editor.close"),
        Binding("y", "copy_name", "copy name", show=False, id="editor.copy_name"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.keeper = Keeper(self)
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """The files, then the work on one of them, or what to do where none is open."""
        yield FileBar()
        yield Workbench()
        yield NothingOpen()

    @property
    def bench(self) -> Workbench:
        """The work on the shown file."""
        return self.query_one(Workbench)

    @property
    def buffer(self) -> Buffer | None:
        """The shown file."""
        return self.bench.buffer

    # -- as a mode ----------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Nothing is open yet."""
        self.redraw()

    def enter(self) -> None:
        """Look after the files again."""
        self.keeper.watch()
        self.redraw()

    def leave(self) -> None:
        """Nobody looks; what is typed is safe."""
        self._keep()
        self.program.watcher.forget(KEY)

    def on_unmount(self) -> None:
        """The program ends, whatever the reason: what is typed stays."""
        for buffer in self.keeper.buffers:
            with contextlib.suppress(FileError):
                buffer.keep()

    def may_close(self) -> bool:
        """Unsaved edits are offered again, so nothing holds the program up but edits that cannot be kept."""
        return self.keeper.all_kept()

    def on_resize(self, event: events.Resize) -> None:
        """Beside each other where there is room."""
        self.set_class(event.size.width >= WIDE, "-wide")
        self.call_after_refresh(self.redraw)

    def focus_first(self) -> None:
        """To the text, or to the files that could be opened."""
        if self.buffer is None:
            self.query_one(NothingOpen).take()
        else:
            self.bench.focus_view()

    def selection(self) -> tuple[str, ...]:
        """The shown file."""
        return (self.buffer.name,) if self.buffer else ()

    def open(self, word: str) -> None:
        """Open a file, given relative to the workspace."""
        path = Path(word).expanduser()
        buffer = self.keeper.open(path if path.is_absolute() else self.program.workspace.root / path)
        if buffer is not None:
            fresh = self.bench.text_of(buffer) is None
            self.show(buffer)
            if fresh:
                self.keeper.offer_kept(buffer)

    # -- what is shown ------------------------------------------------------------------------------------------------

    def show(self, buffer: Buffer) -> None:
        """Show an open file."""
        self.bench.show(buffer, read_only=self.program.settings.readonly)
        self.redraw()

    def saved(self, buffer: Buffer) -> None:
        """A file was saved."""
        found = mark_of([error for _, error in buffer.findings.all()])
        self.notify(f"saved {buffer.name}" + (f", with {found}" if found else ""), timeout=2, markup=False)
        self.program.watcher.look()
        self.redraw()

    def closed(self, buffer: Buffer) -> None:
        """A file was closed."""
        self.bench.forget(buffer)
        if self.keeper.buffers and self.buffer is None:
            self.show(self.keeper.buffers[-1])
        self.redraw()
        self.focus_first()

    def redraw(self) -> None:
        """The line of files, and what is there where none is open."""
        buffer = self.buffer
        self.bench.display = buffer is not None
        self.query_one(NothingOpen).display = buffer is None
        self.query_one(FileBar).show(self.keeper.buffers, buffer, self._state(buffer) if buffer else "")

    def _state(self, buffer: Buffer) -> str:
        words = ["changed on disk"] if buffer.other else []
        words += ["not saved"] if buffer.changed else []
        words += ["read only"] if self.program.settings.readonly else []
        found = mark_of([error for _, error in buffer.findings.all()])
        words += [found] if found else []
        if self.bench.text is not None:
            row, column = self.bench.text.cursor_location
            words.append(f"{row + 1}:{column + 1}")
        return "  ".join(words)

    def on_workbench_edited(self, event: Workbench.Edited) -> None:
        """Something was typed: a moment later it is safe."""
        if event.text:
            if self._timer is not None:
                self._timer.stop()
            self._timer = self.set_timer(KEEP_SECONDS, self._keep)
        self.redraw()

    def _keep(self) -> None:
        for buffer in self.keeper.buffers:
            self.keeper.keep(buffer)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def on_nothing_open_chosen(self, event: NothingOpen.Chosen) -> None:
        """Open a file of the list."""
        self.open(event.name)

    def on_file_bar_typing(self) -> None:
        """Back to the text."""
        self.focus_first()

    def on_file_bar_problems(self) -> None:
        """To what is wrong, where something is."""
        problems = self.query_one(ProblemList)
        (problems if problems.display else self.query_one(FileBar)).focus()

    def on_spec_text_left(self) -> None:
        """Out of the text."""
        self.query_one(FileBar).focus()

    def on_problem_list_left(self) -> None:
        """Back to the text."""
        self.bench.focus_view()

    def on_form_left(self) -> None:
        """Clear the filter; without one, back to the text."""
        form = self.query_one(Form)
        if form.filter:
            form.find("", self.bench.wrong())
        else:
            self.bench.show_view("text")

    def on_diff_left(self) -> None:
        """Back to the text."""
        self.bench.show_view("text")

    def action_save(self) -> None:
        """Save the shown file."""
        if self.buffer is not None:
            self.keeper.save(self.buffer)

    def action_view(self, view: View) -> None:
        """The form or the difference; the same key again goes back to the text."""
        if self.buffer is not None:
            self.bench.show_view("text" if self.bench.view == view else view)

    def action_find(self) -> None:
        """Search."""
        if self.buffer is not None:
            self.bench.find()

    def action_problem(self, step: int) -> None:
        """Go to the next thing that is wrong."""
        if self.bench.text is not None:
            self.bench.show_view("text")
            self.bench.text.go_to_problem(step)

    def action_undo(self) -> None:
        """Undo."""
        if self.bench.text is not None:
            self.bench.text.undo()

    def action_redo(self) -> None:
        """Redo."""
        if self.bench.text is not None:
            self.bench.text.redo()

    def action_turn(self, step: int) -> None:
        """The next open file."""
        buffers = self.keeper.buffers
        if self.buffer in buffers:
            self.show(buffers[(buffers.index(self.buffer) + step) % len(buffers)])

    def action_close(self) -> None:
        """Close the shown file."""
        if self.buffer is not None:
            self.keeper.close(self.buffer)

    def action_copy_name(self) -> None:
        """The name of the file to the clipboard."""
        if self.buffer is not None:
            self.program.copy(self.buffer.name, self.buffer.name)

    def action_files(self) -> None:
        """Choose a file to open."""
        names = specs_and_spaces(self.program.workspace.root)
        shown = [(name, name) for name in names]
        self.app.push_screen(Choose("open", shown), lambda name: self.open(name) if name else None)

    def action_train(self) -> None:
        """Train the spec, or search the space; what is not saved is saved first, if the person agrees."""
        buffer = self.buffer
        if buffer is None:
            return
        word = "search" if buffer.kind == "space" else "train"
        if buffer.findings.errors:
            self.keeper.tell(f"{buffer.name} has {mark_of([True] * len(buffer.findings.errors))}: F8 goes there", bad=True)
            return

        def go() -> None:
            self.program.perform(joined([word, buffer.name]))

        if not buffer.changed:
            go()
            return
        question = f"{buffer.name} has edits that are not saved. Save it, and {word} it?"
        self.app.push_screen(Confirm(question), lambda yes: self.keeper.save(buffer, go) if yes else None)

    def action_external(self) -> None:
        """Edit in the person's own editor: the file, or a copy where there are edits that are not saved."""
        buffer = self.buffer
        if buffer is not None:
            self.keeper.edit_outside(buffer)

    def action_new(self) -> None:
        """Make a new file, and open it."""

        def make(line: str, path: str) -> None:
            def opened(code: int) -> None:
                if code == 0:
                    self.app.call_from_thread(self.open, path)

            self.program.perform(line, then=opened)

        ask_for_new(self.app, make)


MODE = EditorMode
