"""The one place where an agent meets a world: the loop, evaluation, score."""
