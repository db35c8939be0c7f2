"""Trainings as jobs: a run's folder, the attempts at it, its results.

May import what `gts.jobs` may; only `attempt` loads torch.
"""
