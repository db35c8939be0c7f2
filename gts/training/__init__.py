"""The one place where an agent meets a world: the loop, evaluation, score."""

from gts.system.threads import let_waiting_threads_sleep

# Has to come before the first import of torch, which everything in this room begins with.
let_waiting_threads_sleep()
