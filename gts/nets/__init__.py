"""Stacked networks: every learnable tensor has a leading member axis P."""
