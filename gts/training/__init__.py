"""Training: the loop that joins agents and worlds, evaluation, score.

May import `agents`, `data`, `nets`, `physics`, `params`, `formats` and `system`; writes no files.
"""

from gts.system.threads import limit_thread_spin

# Must precede the first import of torch.
limit_thread_spin()
