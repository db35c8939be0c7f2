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
from gts_tui.screens.external_editor import edit_text_externally, run_external_editor
from gts_tui.widgets.dialogs import ChoiceDialog, ConfirmDialog

if TYPE_CHECKING:
    from gts_tui.screens.editor.screen import EditorMode


@dataclass
class OpenDocument:
    """An open file. The text on the screen is `text`; who changes it calls `edited`."""

    path: Path
    name: str
    """As a person knows it: relative to the workspace where it lies in it."""
    saved_version: DiskVersion
    text: str = ""
    draft_text: str | None = None
    """The unsaved text that is on the disk; None where there is none."""
    diagnostics: Diagnostics = field(default_factory=Diagnostics)
    external_version: DiskVersion | None = None
    """What another program has written meanwhile, as long as nobody has said what shall hold."""

    @classmethod
    def load(cls, path: Path, root: Path) -> OpenDocument:
        """A file as it is now; raises FileError."""
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
        """Whether there is something to save."""
        return self.text != self.saved_version.text or not self.saved_version.exists

    @property
    def has_unprotected_edits(self) -> bool:
        """Whether there are edits that a kill would take."""
        return self.text != self.saved_version.text and self.draft_text != self.text

    def update_draft(self) -> None:
        """Put the edits on the disk, or take them off where there are none; raises FileError."""
        if self.text == self.saved_version.text:
            self.delete_draft()
        elif self.draft_text != self.text:
            text = self.text
            write_draft(self.path, text)
            self.draft_text = text

    def delete_draft(self) -> None:
        """Nothing is unsaved any more."""
        delete_own_draft(self.path)
        self.draft_text = None

    def save(self) -> None:
        """Write the text; raises FileError."""
        self.saved_version = save_file(self.path, self.text, self.saved_version)
        self.external_version = None
        self.delete_draft()

    def note_disk_version(self, disk_version: DiskVersion) -> bool:
        """The disk holds this now; whether that is news."""
        latest = self.external_version or self.saved_version
        if disk_version.stamp == latest.stamp:
            return False
        if disk_version.text == self.saved_version.text and disk_version.exists == self.saved_version.exists:
            # The same again, such as after a checkout and back.
            self.saved_version, self.external_version = disk_version, None
            return False
        self.external_version = disk_version
        return True

    def resolve_conflict(self, *, keep_edits: bool) -> None:
        """What another program wrote is what the edits are held against now; with `mine` false the text is to be that too."""
        if self.external_version is not None:
            self.saved_version, self.external_version = self.external_version, None
            if not keep_edits:
                self.text = self.saved_version.text


WATCH_KEY = "editor.files"


class DocumentStore:
    """Looks after the open files of an editor."""

    def __init__(self, editor: EditorMode) -> None:
        self.editor = editor
        self.documents: list[OpenDocument] = []

    def notify(self, message: str, *, is_error: bool = False) -> None:
        """Say a sentence."""
        self.editor.app.notify(message, severity="error" if is_error else "information", markup=False)

    # -- opening ------------------------------------------------------------------------------------------------------

    def open(self, path: Path) -> OpenDocument | None:
        """A file that is open from now on; None where it cannot be, which is said."""
        existing = next((document for document in self.documents if document.path == path), None)
        if existing is not None:
            return existing
        try:
            document = OpenDocument.load(path, self.editor.program.workspace.root)
        except GtsError as error:
            self.notify(error.message + (f"; {error.hint}" if error.hint else ""), is_error=True)
            return None
        self.documents.append(document)
        if document.saved_version.note:
            self.notify(f"{document.name}: {document.saved_version.note}")
        self.watch_files()
        return document

    def offer_draft(self, document: OpenDocument) -> None:
        """Offer what a program that is gone had not saved."""
        drafts: list[Draft] = []
        for draft in find_drafts(document.path):
            if draft.is_in_use:
                self.notify(f"another program has edits of {document.name} that are not saved")
            elif draft.text == document.saved_version.text:
                delete_draft(draft)
            else:
                drafts.append(draft)
        if drafts:
            self._ask_about_draft(document, drafts[0])

    def _ask_about_draft(self, document: OpenDocument, draft: Draft) -> None:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(draft.written_at))
        lines = len(draft.text.splitlines())
        question = f"{document.name} has edits that were never saved, from {when} ({lines} lines)."
        choices = (
            ("take", "go on with them"),
            ("look", "go on with them, and show the difference first"),
            ("drop", "throw them away"),
            ("later", "leave them for another day"),
        )

        def done(answer: str | None) -> None:
            if answer in ("take", "look"):
                self.editor.workbench.replace_text(document, draft.text)
                try:
                    document.update_draft()
                    delete_draft(draft)
                except FileError as error:
                    self.notify(error.message, is_error=True)
                if answer == "look":
                    self.editor.workbench.show_view("diff")
            elif answer == "drop":
                delete_draft(draft)

        self.editor.app.push_screen(ChoiceDialog(question, choices), done)

    # -- what other programs write ------------------------------------------------------------------------------------

    def watch_files(self) -> None:
        """Look after the files that are open now."""
        paths = tuple(document.path for document in self.documents)
        if not paths:
            self.editor.program.poller.unwatch(WATCH_KEY)
            return

        def read() -> tuple[tuple[Path, DiskVersion | GtsError], ...]:
            return tuple((path, _load_or_error(path)) for path in paths)

        self.editor.program.poller.watch(WATCH_KEY, lambda: stat_stamp(*paths), read, self._apply_disk_versions)

    def _apply_disk_versions(self, reading: tuple[tuple[Path, DiskVersion | GtsError], ...] | GtsError) -> None:
        if isinstance(reading, GtsError):
            return
        for path, saved in reading:
            document = next((one for one in self.documents if one.path == path), None)
            # What is older than the last save is no news; a newer reading follows.
            if document is None or isinstance(saved, GtsError) or stat_stamp(path) != saved.stamp:
                continue
            was_unmodified = not document.is_modified
            if document.note_disk_version(saved):
                if was_unmodified and saved.exists:
                    document.resolve_conflict(keep_edits=False)
                    self.editor.workbench.replace_text(document, document.text)
                    self.notify(f"{document.name} was changed on disk and is read again; ctrl+z shows it as it was")
                else:
                    self.ask_about_conflict(document)
        self.editor.update_panes()

    def ask_about_conflict(self, document: OpenDocument, on_kept: Callable[[], None] = lambda: None) -> None:
        """Ask what shall hold of two versions; `then` is done where it is this one."""
        other = document.external_version
        if other is None:
            return
        if other.exists:
            question = f"{document.name} has edits here, and was changed on disk."
            choices = [("mine", "keep my edits; ctrl+s writes over it"), ("theirs", "take it as it is on disk")]
            choices.append(("look", "show the difference first"))
        else:
            question = f"{document.name} was deleted."
            choices = [("mine", "keep the text; ctrl+s makes it again"), ("close", "close it")]

        def done(answer: str | None) -> None:
            if answer == "mine":
                document.resolve_conflict(keep_edits=True)
                on_kept()
            elif answer == "theirs":
                document.resolve_conflict(keep_edits=False)
                self.editor.workbench.replace_text(document, document.text)
                document.delete_draft()
            elif answer == "look":
                self.editor.workbench.show_view("diff")
            elif answer == "close":
                self.discard(document)
            self.editor.update_panes()

        self.editor.app.push_screen(ChoiceDialog(question, choices), done)

    # -- saving -------------------------------------------------------------------------------------------------------

    def save(self, document: OpenDocument, on_saved: Callable[[], None] = lambda: None) -> None:
        """Save a file, unless somebody else has written it meanwhile: then ask first."""
        if self.editor.program.settings.readonly:
            self.notify("this program was started with --readonly", is_error=True)
            return
        try:
            disk_version = load_file_or_missing(document.path)
        except GtsError as error:
            # It cannot be read: what would be written over nobody knows.
            self.notify(error.message, is_error=True)
            return
        document.note_disk_version(disk_version)
        if document.external_version is not None:
            self.ask_about_conflict(document, lambda: self.save(document, on_saved))
            return
        try:
            document.save()
        except FileError as error:
            self.update_draft(document)
            self.notify(f"{error.message}; {error.hint}", is_error=True)
            return
        self.editor.after_save(document)
        on_saved()

    def edit_externally(self, document: OpenDocument) -> None:
        """Edit in the person's own editor: the file, or a copy of the text where it has edits that are not saved."""
        if self.editor.program.settings.readonly:
            self.notify("this program was started with --readonly", is_error=True)
            return
        if not self.update_draft(document):
            return
        try:
            if document.is_modified:
                text = edit_text_externally(self.editor.app, document.name, document.text, document.saved_version)
            else:
                run_external_editor(self.editor.app, document.path)
                document.saved_version = load_file(document.path)
                text = document.saved_version.text
            self.editor.workbench.replace_text(document, text)
        except GtsError as error:
            self.notify(error.message + (f"; {error.hint}" if error.hint else ""), is_error=True)
        self.editor.update_panes()

    def update_draft(self, document: OpenDocument) -> bool:
        """Put edits where a crash does not reach them; whether they are there."""
        try:
            document.update_draft()
        except FileError as error:
            self.notify(f"edits of {document.name} are not safe: {error.message}", is_error=True)
            return False
        return True

    def update_all_drafts(self) -> bool:
        """Keep every edit; where one cannot be kept, ask whether the program shall end all the same."""
        unprotected = [
            document.name for document in self.documents if document.has_unprotected_edits and not self.update_draft(document)
        ]
        if not unprotected:
            return True

        def done(yes: bool | None) -> None:
            if yes:
                self.editor.app.exit(0)

        self.editor.app.push_screen(
            ConfirmDialog(f"Edits of {', '.join(unprotected)} can neither be saved nor kept. End all the same?"), done
        )
        return False

    # -- closing ------------------------------------------------------------------------------------------------------

    def close(self, document: OpenDocument) -> None:
        """Close a file; where it has edits, ask what shall become of them."""
        if not document.is_modified:
            self.discard(document)
            return
        choices = (("save", "save it"), ("drop", "throw the edits away"))

        def done(answer: str | None) -> None:
            if answer == "save":
                self.save(document, lambda: self.discard(document))
            elif answer == "drop":
                self.discard(document)

        self.editor.app.push_screen(ChoiceDialog(f"{document.name} has edits that are not saved.", choices), done)

    def discard(self, document: OpenDocument) -> None:
        """Close a file."""
        document.delete_draft()
        self.documents.remove(document)
        self.watch_files()
        self.editor.after_close(document)


def _load_or_error(path: Path) -> DiskVersion | GtsError:
    try:
        return load_file_or_missing(path)
    except GtsError as error:
        return error
