"""One record of each kind that the catalogue stores."""

from __future__ import annotations

from gts.store.catalogue import CheckpointRecord, JobRecord, RunRecord, ScoreRecord, StudyRecord

RUN = RunRecord(
    id="20261122-081530-hopperPPO-k3f",
    name="hopperPPO",
    source="hopper/hopperPPO.spec",
    figure="hopper",
    technique="ppo",
    members=2,
    total_steps=1000,
    step=0,
    started="2026-11-22T08:15:30Z",
)
JOB = JobRecord(
    id=RUN.id,
    kind="train",
    name="hopperPPO",
    folder=f"runs/{RUN.id}",
    recorded_state="running",
    reason="",
    threads=2,
    created="2026-11-22T08:15:30Z",
    changed="2026-11-22T08:15:31Z",
)
STUDY = StudyRecord(
    name="gait",
    space="walker/gait.space",
    figure="walker",
    technique="ppo",
    storage="",
    directions=("maximize", "minimize"),
    trials=40,
    created="2026-11-22T08:15:30Z",
)
CHECKPOINT = CheckpointRecord("runs/a/best.checkpoint", RUN.id, 1, "best", 500, "abc", "2026-11-22T08:16:00Z")
SCORE = ScoreRecord("abc", "out.checkpoint", 0, 1000, 100, 959.0, 927.4, {"iqm": 960.0}, "2026-11-22T08:17:00Z", "hopper")
