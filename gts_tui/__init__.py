"""The terminal program. It may import `gts`, but loads neither torch nor mujoco: long work runs in child processes and jobs."""
