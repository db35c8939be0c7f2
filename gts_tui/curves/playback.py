"""The newest evaluation of a training at play, below its charts."""

from __future__ import annotations

from pathlib import Path

from textual.containers import Vertical


class Playback(Vertical):
    """Hidden and without a process until somebody wants to see something."""

    DEFAULT_CSS = """
    Playback { height: 45%; min-height: 6; padding: 0 1; display: none; }
    """

    def begin(self, folder: Path) -> None:
        """Play what a training has learned."""
        # The player loads numpy.
        from gts_tui.playing import Player

        player = Player()
        player.can_focus = False
        self.display = True
        self.mount(player)
        self.call_after_refresh(self.turn, folder)

    def turn(self, folder: Path) -> None:
        """Where something plays, play another training."""
        if not self.display:
            return
        from gts_tui.playing import Player

        for player in self.query(Player):
            if player.words != (str(folder),):
                player.play([str(folder)], follow=True)

    def end(self) -> None:
        """Play nothing any more."""
        self.display = False
        self.remove_children()
