"""Searches as jobs: the coordinator of a study, its worker processes, the folders of its trainings.

May import what `gts.jobs` may; only the coordinator loads Optuna.
"""
