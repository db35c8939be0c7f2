"""What lies between worlds and networks: random streams, normalisers, rollouts, returns."""
