"""Trainings and searches as jobs: processes that outlive their terminal, each with a folder that describes it completely.

May import all rooms but `commands` and `bench`; loads no torch, MuJoCo or Optuna until a job runs.
"""
