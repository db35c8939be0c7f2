"""Networks and optimiser of P members at once: every learnable tensor has a leading member axis P.

Imports no other package of GTS.
"""
