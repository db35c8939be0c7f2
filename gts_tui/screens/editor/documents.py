"""Open documents: loading, saving, drafts of unsaved edits, and conflicts with changes on disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from gts.errors import FileError, GtsError
from gts_tui.app_base import BaseApp
from gts_tui.polling import stat_stamp
from gts_tui.screens.editor.files import (
    Diagnostics,
    DiskVersion,
    Draft,
    delete_draft,
    delete_own_draft,
    detect_kind,
    find_drafts,
    load_file,
    load_file_or_missing,
    save_file,
    write_draft,
)
from gts_tui.screens.external_editor import edit_file_externally, edit_text_externally
from gts_tui.widgets.dialogs import ChoiceDialog, ConfirmDialog


@dataclass
class OpenDocument:
    """A file that is open in the editor. Widgets assign each change of the text to `text`."""

    path: Path
    name: str
    """Path relative to the workspace, or absolute if the file is outside it."""
    saved_version: DiskVersion
    text: str = ""
    draft_text: str | None = None
    """Unsaved text that the draft on disk holds; None without a draft."""
    diagnostics: Diagnostics = field(default_factory=Diagnostics)
    external_version: DiskVersion | None = None
    """Version that another program has written, until the user resolves the conflict."""

    @classmethod
    def load(cls, path: Path, root: Path) -> OpenDocument:
        """Read a file. Raises FileError or FormatError."""
        saved = load_file(path)
        try:
            name = str(path.relative_to(root))
        except ValueError:
            name = str(path)
        return cls(path, name, saved, saved.text)

    @property
    def kind(self) -> str:
        """`spec` or `space`."""
        return detect_kind(self.name, self.text)

    @property
    def is_modified(self) -> bool:
        """Whether saving would change the file."""
        return self.text != self.saved_version.text or not self.saved_version.exists

    @property
    def has_unprotected_edits(self) -> bool:
        """Whether a kill of the program would lose edits."""
        return self.text != self.saved_version.text and self.draft_text != self.text

    def update_draft(self) -> None:
        """Write the unsaved text to the draft, or delete the draft if nothing is unsaved. Raises FileError."""
        if self.text == self.saved_version.text:
            self.delete_draft()
        elif self.draft_text != self.text:
            text = self.text
            write_draft(self.path, text)
            self.draft_text = text

    def delete_draft(self) -> None:
        """Delete the draft of this program."""
        delete_own_draft(self.path)
        self.draft_text = None

    def save(self) -> None:
        """Write the text to the file and delete the draft. Raises FileError."""
        self.saved_version = save_file(self.path, self.text, self.saved_version)
        self.external_version = None
        self.delete_draft()

    def note_disk_version(self, disk_version: DiskVersion) -> bool:
        """Record the current version on disk. Returns whether it is a new one with another text."""
        latest = self.external_version or self.saved_version
        if disk_version.stamp == latest.stamp:
            return False
        if disk_version.text == self.saved_version.text and disk_version.exists == self.saved_version.exists:
            # A new stamp with the same text, for example after `git checkout` and back.
            self.saved_version, self.external_version = disk_version, None
            return False
        self.external_version = disk_version
        return True

    def resolve_conflict(self, *, keep_edits: bool) -> None:
        """Make the external version the saved one; without `keep_edits` its text replaces the edits."""
        if self.external_version is not None:
            self.saved_version, self.external_version = self.external_version, None
            if not keep_edits:
                self.text = self.saved_version.text


WATCH_KEY = "editor.files"


class DocumentHost(Protocol):
    """Parts of the editor that DocumentStore calls."""

    @property
    def app(self) -> BaseApp:
        """Running program."""

    def replace_text(self, document: OpenDocument, text: str) -> None:
        """Replace the text of a document in its text area; the user can undo it."""

    def show_diff(self) -> None:
        """Show the difference between the current document and the disk."""

    def update_panes(self) -> None:
        """Redraw the file bar."""

    def after_save(self, document: OpenDocument) -> None:
        """React to a saved document."""

    def after_close(self, document: OpenDocument) -> None:
        """React to a closed document."""


class DocumentStore:
    """Open documents of an editor; asks the user before edits or changes on disk are lost."""

    def __init__(self, host: DocumentHost) -> None:
        self._host = host
        self.documents: list[OpenDocument] = []

    def notify(self, message: str, *, is_error: bool = False) -> None:
        """Show a notification."""
        self._host.app.notify(message, severity="error" if is_error else "information", markup=False)

    def _notify_error(self, error: GtsError) -> None:
        self.notify(error.message + (f"; {error.hint}" if error.hint else ""), is_error=True)

    # -- opening ------------------------------------------------------------------------------------------------------

    def open(self, path: Path) -> OpenDocument | None:
        """Open a file, or return its document if it is open. On failure show the error and return None."""
        existing = next((document for document in self.documents if document.path == path), None)
        if existing is not None:
            return existing
        try:
            document = OpenDocument.load(path, self._host.app.workspace.root)
        except GtsError as error:
            self._notify_error(error)
            return None
        self.documents.append(document)
        if document.saved_version.note:
            self.notify(f"{document.name}: {document.saved_version.note}")
        self.watch_files()
        return document

    def offer_draft(self, document: OpenDocument) -> None:
        """Offer the newest draft that a program left behind; delete drafts equal to the file."""
        drafts: list[Draft] = []
        for draft in find_drafts(document.path):
            if draft.is_in_use:
                self.notify(f"another program has unsaved edits of {document.name}")
            elif draft.text == document.saved_version.text:
                delete_draft(draft)
            else:
                drafts.append(draft)
        if drafts:
            self._ask_about_draft(document, drafts[0])

    def _ask_about_draft(self, document: OpenDocument, draft: Draft) -> None:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(draft.written_at))
        lines = len(draft.text.splitlines())
        question = f"{document.name} has unsaved edits from {when} ({lines} lines)."
        choices = (
            ("restore", "restore them"),
            ("diff", "restore them and show the difference"),
            ("delete", "discard them"),
            ("later", "decide later"),
        )

        def apply_answer(answer: str | None) -> None:
            if answer in ("restore", "diff"):
                self._host.replace_text(document, draft.text)
                try:
                    document.update_draft()
                    delete_draft(draft)
                except FileError as error:
                    self._notify_error(error)
                if answer == "diff":
                    self._host.show_diff()
            elif answer == "delete":
                delete_draft(draft)

        self._host.app.push_screen(ChoiceDialog(question, choices), apply_answer)

    # -- changes on disk ----------------------------------------------------------------------------------------------

    def watch_files(self) -> None:
        """Poll the open files."""
        paths = tuple(document.path for document in self.documents)
        if not paths:
            self._host.app.poller.unwatch(WATCH_KEY)
            return

        def read() -> tuple[tuple[Path, DiskVersion | GtsError], ...]:
            return tuple((path, _load_or_error(path)) for path in paths)

        self._host.app.poller.watch(WATCH_KEY, lambda: stat_stamp(*paths), read, self._apply_disk_versions)

    def _apply_disk_versions(self, reading: tuple[tuple[Path, DiskVersion | GtsError], ...] | GtsError) -> None:
        if isinstance(reading, GtsError):
            return
        for path, version in reading:
            document = next((one for one in self.documents if one.path == path), None)
            # A reading older than the last save is followed by a newer one.
            if document is None or isinstance(version, GtsError) or stat_stamp(path) != version.stamp:
                continue
            was_unmodified = not document.is_modified
            if document.note_disk_version(version):
                if was_unmodified and version.exists:
                    document.resolve_conflict(keep_edits=False)
                    self._host.replace_text(document, document.text)
                    self.notify(f"{document.name} changed on disk and was reloaded; ctrl+z shows the previous text")
                else:
                    self._ask_about_conflict(document)
        self._host.update_panes()

    def _ask_about_conflict(self, document: OpenDocument, on_kept: Callable[[], None] = lambda: None) -> None:
        """Ask which version to keep; call `on_kept` if it is the edited one."""
        other = document.external_version
        if other is None:
            return
        if other.exists:
            question = f"{document.name} has unsaved edits and changed on disk."
            choices = [("keep", "keep my edits; ctrl+s overwrites the file"), ("reload", "load the version on disk")]
            choices.append(("diff", "show the difference first"))
        else:
            question = f"{document.name} was deleted."
            choices = [("keep", "keep the text; ctrl+s creates the file again"), ("close", "close it")]

        def apply_answer(answer: str | None) -> None:
            if answer == "keep":
                document.resolve_conflict(keep_edits=True)
                on_kept()
            elif answer == "reload":
                document.resolve_conflict(keep_edits=False)
                self._host.replace_text(document, document.text)
                document.delete_draft()
            elif answer == "diff":
                self._host.show_diff()
            elif answer == "close":
                self._discard(document)
            self._host.update_panes()

        self._host.app.push_screen(ChoiceDialog(question, choices), apply_answer)

    # -- saving -------------------------------------------------------------------------------------------------------

    def save(self, document: OpenDocument, on_saved: Callable[[], None] = lambda: None) -> None:
        """Save a document, or ask first if another program has changed the file since it was read.

        The comparison and the write are not atomic: a change between the two is overwritten.
        """
        if self._host.app.refuse_if_readonly():
            return
        try:
            disk_version = load_file_or_missing(document.path)
        except GtsError as error:
            # An unreadable file may hold changes, so it is not overwritten.
            self._notify_error(error)
            return
        document.note_disk_version(disk_version)
        if document.external_version is not None:
            self._ask_about_conflict(document, lambda: self.save(document, on_saved))
            return
        try:
            document.save()
        except FileError as error:
            self.update_draft(document)
            self._notify_error(error)
            return
        self._host.after_save(document)
        on_saved()

    def edit_externally(self, document: OpenDocument) -> None:
        """Open the file in $EDITOR, or a copy of the text if it has unsaved edits."""
        if self._host.app.refuse_if_readonly() or not self.update_draft(document):
            return
        try:
            if document.is_modified:
                text = edit_text_externally(self._host.app, document.path.name, document.saved_version.encode(document.text))
            elif edit_file_externally(self._host.app, document.path):
                document.saved_version = load_file(document.path)
                text = document.saved_version.text
            else:
                text = None
            if text is not None:
                self._host.replace_text(document, text)
        except GtsError as error:
            self._notify_error(error)
        self._host.update_panes()

    def update_draft(self, document: OpenDocument) -> bool:
        """Write unsaved edits to the draft. On failure show the error and return False."""
        try:
            document.update_draft()
        except FileError as error:
            self.notify(f"edits of {document.name} are not safe: {error.message}", is_error=True)
            return False
        return True

    def update_all_drafts(self) -> bool:
        """Write all drafts. On failure return False and ask whether to quit and lose the edits."""
        unprotected = [
            document.name for document in self.documents if document.has_unprotected_edits and not self.update_draft(document)
        ]
        if not unprotected:
            return True

        def apply_answer(confirmed: bool | None) -> None:
            if confirmed:
                self._host.app.exit(0)

        question = f"Edits of {', '.join(unprotected)} can be neither saved nor kept as a draft. Quit and lose them?"
        self._host.app.push_screen(ConfirmDialog(question), apply_answer)
        return False

    # -- closing ------------------------------------------------------------------------------------------------------

    def close(self, document: OpenDocument) -> None:
        """Close a document; ask first if it has unsaved edits."""
        if not document.is_modified:
            self._discard(document)
            return

        def apply_answer(answer: str | None) -> None:
            if answer == "save":
                self.save(document, lambda: self._discard(document))
            elif answer == "discard":
                self._discard(document)

        choices = (("save", "save it"), ("discard", "discard the edits"))
        self._host.app.push_screen(ChoiceDialog(f"{document.name} has unsaved edits.", choices), apply_answer)

    def _discard(self, document: OpenDocument) -> None:
        """Close a document without saving."""
        document.delete_draft()
        self.documents.remove(document)
        self.watch_files()
        self._host.after_close(document)


def _load_or_error(path: Path) -> DiskVersion | GtsError:
    try:
        return load_file_or_missing(path)
    except GtsError as error:
        return error
