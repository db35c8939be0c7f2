"""One open file: what the disk holds, what stands on the screen, and whether the difference is safe."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from gts_tui.editing.checking import Findings, kind_of_text
from gts_tui.editing.recovery import keep, let_go
from gts_tui.screens.editor.files import Saved, load, save


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
