"""Searches as jobs: the owner of a study, its workers, and the folders of the trainings."""
