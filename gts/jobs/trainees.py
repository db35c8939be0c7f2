"""The workers of a search, as its owner holds them: processes that it talks to by pipes, and starts again when they die."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gts.errors import WorkError
from gts.jobs.launch import environment

END_SECONDS = 120.0


@dataclass
class Hand:
    """One worker."""

    number: int
    process: subprocess.Popen[bytes]
    tasks: dict[str, Path] = field(default_factory=dict)
    """Folders of its trainings by key."""
    pending: bytes = b""


class Trainees:
    """All workers of one search."""

    def __init__(self, count: int, *, threads: int, save_every: float, log: Path) -> None:
        """Start them; raises WorkError where that is impossible."""
        self._words = [str(threads), str(save_every)]
        self._log = log
        self._selector = selectors.DefaultSelector()
        self.hands = [self._start(number) for number in range(count)]

    def train(self, hand: Hand, key: str, folder: Path) -> None:
        """Give a worker a training."""
        hand.tasks[key] = folder
        self._order(hand, {"do": "train", "key": key, "folder": str(folder.absolute())})

    def drop(self, key: str) -> None:
        """Take a training away from whoever has it."""
        for hand in self.hands:
            if hand.tasks.pop(key, None) is not None:
                self._order(hand, {"do": "drop", "key": key})

    def answers(self, seconds: float) -> list[tuple[Hand, Mapping[str, Any]]]:
        """What the workers have said, waiting at most that long; `{"what": "died"}` of one that has ended."""
        found: list[tuple[Hand, Mapping[str, Any]]] = []
        for key, _ in self._selector.select(seconds):
            hand: Hand = key.data
            data = os.read(key.fd, 1 << 16)
            if not data:
                self._selector.unregister(key.fileobj)
                found.append((hand, {"what": "died", "code": hand.process.wait()}))
                continue
            *lines, hand.pending = (hand.pending + data).split(b"\n")
            found += [(hand, json.loads(line)) for line in lines]
        return found

    def replace(self, hand: Hand) -> Hand:
        """Start a worker in place of one that died; its trainings are not given to anybody yet."""
        self._let_go(hand)
        self.hands[self.hands.index(hand)] = fresh = self._start(hand.number)
        return fresh

    def end(self) -> None:
        """Let every worker save and end, and wait for it."""
        for hand in self.hands:
            with suppress(OSError):
                assert hand.process.stdin is not None
                hand.process.stdin.close()
        for hand in self.hands:
            try:
                hand.process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                hand.process.kill()
                hand.process.wait()
            self._let_go(hand)
        self._selector.close()

    def _start(self, number: int) -> Hand:
        with self._log.open("ab") as log:
            try:
                process = subprocess.Popen(
                    [sys.executable, "-m", "gts.jobs.trainee", *self._words],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    cwd=self._log.parent,
                    env=environment(),
                )
            except OSError as error:
                raise WorkError(f"cannot start a worker: {(error.strerror or str(error)).lower()}") from error
        hand = Hand(number, process)
        assert process.stdout is not None
        self._selector.register(process.stdout, selectors.EVENT_READ, hand)
        return hand

    def _order(self, hand: Hand, order: Mapping[str, Any]) -> None:
        with suppress(OSError):  # one that has died is noticed where its answers are read
            assert hand.process.stdin is not None
            hand.process.stdin.write((json.dumps(order) + "\n").encode())
            hand.process.stdin.flush()

    def _let_go(self, hand: Hand) -> None:
        for pipe in (hand.process.stdin, hand.process.stdout):
            with suppress(OSError, ValueError, KeyError):
                if pipe is not None:
                    pipe.close()
