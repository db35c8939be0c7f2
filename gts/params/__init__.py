"""Parameters of all techniques and figures: key, type, default, bounds, unit, description.

May import `errors` only.
"""
