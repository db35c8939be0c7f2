"""GTS teaches simulated, jointed figures to balance, hop, walk and run.

`import gts` stays light; `import gts.envs` registers the worlds with Gymnasium.
"""

__version__ = "0.1.0"
