"""Data between worlds and networks: random streams, normalisers, rollouts, returns.

May import `nets` only.
"""
