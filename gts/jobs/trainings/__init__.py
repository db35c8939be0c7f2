"""Trainings as jobs: a run's folder, the attempts at it, and what they leave."""
