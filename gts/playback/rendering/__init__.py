"""Pictures of a scene: with GL, and without it by ray casting in NumPy."""
