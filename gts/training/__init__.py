"""The one place where an agent meets a world: the loop, evaluation, score."""

from gts.system.threads import limit_thread_spin

# Has to come before the first import of torch, which everything in this room begins with.
limit_thread_spin()
