"""Searches: Optuna studies, their trials and results, and the pool of cohorts that trains them.

Imports `gts.training` and everything below it, and is the only package that imports Optuna; it never prints.
"""
