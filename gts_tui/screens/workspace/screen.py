"""Workspace mode: keys that act on files, runs and studies by running commands."""

from __future__ import annotations

from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import OptionList

from gts_tui.command_syntax import quote_words
from gts_tui.screens.external_editor import edit_file_externally
from gts_tui.screens.mode import Mode
from gts_tui.screens.new_file import ask_new_file_command, propose_copy_name
from gts_tui.screens.workspace.browser import WorkspaceBrowser
from gts_tui.screens.workspace.model import WorkspaceItem
from gts_tui.widgets.dialogs import ConfirmDialog, InputDialog
from gts_tui.workspace_setup import open_examples

_MAX_NAMES = 8
"""Names listed in a question."""


class WorkspaceMode(Mode):
    """Files, runs and studies; every action runs a command line."""

    NAME = "workspace"
    browser = getters.query_one(WorkspaceBrowser)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "new", id="workspace.new"),
        Binding("e", "edit", "edit", id="workspace.edit"),
        Binding("E", "edit_outside", "edit in $EDITOR", show=False, id="workspace.edit_outside"),
        Binding("c", "copy", "copy", show=False, id="workspace.copy"),
        Binding("r", "rename", "rename", show=False, id="workspace.rename"),
        Binding("d", "delete", "delete", id="workspace.delete"),
        Binding("u", "perform('restore')", "restore the last deleted items", show=False, id="workspace.undo"),
        Binding("i", "import", "import a checkpoint of the original program", show=False, id="workspace.import"),
        Binding("t", "train", "train", id="workspace.train"),
        Binding("T", "run_for_each('train', 'spec checkpoint')", "train without options", show=False, id="workspace.train_now"),
        Binding("S", "run_for_each('search', 'space')", "search a space", show=False, id="workspace.search"),
        Binding("s", "run_job_command('stop')", "stop", show=False, id="workspace.stop"),
        Binding("R", "run_job_command('resume')", "resume", show=False, id="workspace.resume"),
        Binding("p", "play('play')", "play", id="workspace.play"),
        Binding("w", "play('play --in window')", "play in a window", show=False, id="workspace.window"),
        Binding("y", "copy_name", "copy the name to the clipboard", show=False, id="workspace.yank"),
    ]

    def compose(self) -> ComposeResult:
        """Yield the browser."""
        yield WorkspaceBrowser()

    def enter(self) -> None:
        """Follow the workspace."""
        self.browser.start_polling()

    def leave(self) -> None:
        """Follow nothing."""
        self.browser.stop_polling()

    def focus_first(self) -> None:
        """Focus the tree or the start options."""
        self.browser.focus_first()

    def selection(self) -> tuple[str, ...]:
        """References of the marked items, else of the one under the cursor."""
        return tuple(item.reference for item in self.browser.selected_items())

    def open(self, word: str) -> None:
        """Move the cursor to an item."""
        self.browser.select_item(word)

    def on_workspace_browser_activated(self, event: WorkspaceBrowser.Activated) -> None:
        """Open the item in its mode."""
        self.action_perform(quote_words(["open", event.item.reference]))

    @on(OptionList.OptionSelected, "#start-options")
    def _run_start_option(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id == "init":
            self.action_perform("init")
        elif event.option_id == "examples":
            open_examples(self.program)
        elif event.option_id == "import":
            self.action_import()
        else:
            self.action_new(event.option_id or "")

    def action_copy_name(self) -> None:
        """Copy the selected references to the clipboard."""
        selected = self.selection()
        if selected:
            self.program.copy(quote_words(selected), selected[0] if len(selected) == 1 else f"{len(selected)} names")

    def action_perform(self, line: str) -> None:
        """Run a command line."""
        self.program.run_command(line)

    def action_run_for_each(self, command: str, kinds: str) -> None:
        """Run a command for each selected item of some kinds, separated by spaces."""
        items = self._selected_of_kinds(kinds, f"{command} takes a {kinds.replace(' ', ' or a ')}")
        if items:
            self.action_perform("; ".join(quote_words([command, item.reference]) for item in items))

    def action_run_job_command(self, command: str) -> None:
        """Stop active jobs, or resume those that are not done."""
        items = self._selected_of_kinds("run study", f"{command} takes a run or a study")
        references = [item.reference for item in items if item.alive == (command == "stop") and item.state != "done"]
        if references:
            self.action_perform(quote_words([command, *references]))
        elif items:
            self._warn("not running" if command == "stop" else f"{items[0].reference} is {items[0].state}; nothing to resume")

    def action_play(self, command: str) -> None:
        """Play a checkpoint or a run."""
        items = self._selected_of_kinds("checkpoint run", "only checkpoints and runs can be played; t trains a spec")
        if items:
            self.action_perform(f"{command} {quote_words([items[0].reference])}")

    def action_train(self) -> None:
        """Open the command line with a train command, to add options."""
        items = self._selected_of_kinds("spec checkpoint", "t trains a spec or continues a checkpoint; S searches a space")
        if items:
            self.program.open_command_line(f"train {quote_words([items[0].reference])} ")

    def action_edit(self) -> None:
        """Open a file in the editor."""
        items = self._selected_of_kinds("spec space", "only specs and spaces can be edited")
        if items:
            self.action_perform(quote_words(["edit", items[0].reference]))

    def action_edit_outside(self) -> None:
        """Open a file in $EDITOR."""
        items = self._selected_of_kinds("spec space", "only specs and spaces can be edited")
        if items:
            edit_file_externally(self.program, self.program.workspace.root / items[0].reference)

    def action_new(self, kind: str = "") -> None:
        """Ask for a new spec or space and create it."""

        async def create() -> None:
            answer = await ask_new_file_command(self.program, kind, self.browser.current_figure)
            if answer is not None:
                command, path = answer
                self.browser.select_item(path)
                self.action_perform(command)

        self.run_worker(create(), exit_on_error=False, exclusive=True, group="new")

    def action_copy(self) -> None:
        """Ask for a name and copy a file."""
        items = self._selected_of_kinds("spec space checkpoint", "only files can be copied, not runs or studies")
        if items:
            self._ask_name("copy", items[0], propose_copy_name(self.program.workspace.root, items[0].reference))

    def action_rename(self) -> None:
        """Ask for a name and rename a file."""
        items = self._selected_of_kinds("spec space checkpoint", "only files can be renamed; runs and studies keep their names")
        if items:
            self._ask_name("rename", items[0], items[0].reference)

    def _ask_name(self, command: str, item: WorkspaceItem, proposed: str) -> None:
        def answered(name: str | None) -> None:
            if name and name != item.reference:
                self.browser.select_item(name if name.endswith(f".{item.kind}") else f"{name}.{item.kind}")
                self.action_perform(quote_words([command, item.reference, name if "/" in name else f"./{name}"]))

        self.app.push_screen(InputDialog(f"{command} {item.reference} to", proposed), answered)

    def action_delete(self) -> None:
        """Delete the selected items; asks first if there are several."""
        references = self.selection()
        if not references:
            return
        line = quote_words(["delete", *references])
        if len(references) == 1:
            self.action_perform(line)
            return
        shown = "\n".join(references[:_MAX_NAMES])
        more = f"\nand {len(references) - _MAX_NAMES} more" if len(references) > _MAX_NAMES else ""
        question = f"Delete {len(references)} items? u restores them\n\n{shown}{more}"
        self.app.push_screen(ConfirmDialog(question), lambda yes: self.action_perform(line) if yes else None)

    def action_import(self) -> None:
        """Ask for a checkpoint of the original program and import it."""

        def answered(name: str | None) -> None:
            if name:
                self.action_perform(quote_words(["import", name]))

        self.app.push_screen(InputDialog("Checkpoint of the original program to import"), answered)

    def _selected_of_kinds(self, kinds: str, warning: str) -> tuple[WorkspaceItem, ...]:
        """The selected items of some kinds, separated by spaces; shows the warning if there are none."""
        found = tuple(item for item in self.browser.selected_items() if item.kind in kinds.split())
        if not found:
            self._warn(warning)
        return found

    def _warn(self, message: str) -> None:
        self.notify(message, severity="warning", markup=False)


MODE = WorkspaceMode
