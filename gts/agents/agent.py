"""The interface between agents and training, and the agents by technique."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor

from gts.agents.a2c import A2c
from gts.agents.ppo import Ppo
from gts.agents.reinforce import Reinforce
from gts.agents.state import AgentState
from gts.data.rollout import Rollout


class Agent(Protocol):
    """P agents of one technique."""

    state: AgentState

    def update(self, rollout: Rollout, progress: Tensor, active: Tensor) -> Mapping[str, Tensor]:
        """Learn from a rollout, which stays as it is.

        `progress` (P, 1): finished fraction of each member's training, 0 to 1; members outside `active` (P,) bool do not
        change. The rollout is valid until the next one is collected. Returns metrics, each (P,).
        """
        ...


_AGENTS: dict[str, Any] = {"reinforce": Reinforce, "a2c": A2c, "ppo": Ppo}


def make_agent(technique: str, params: Sequence[Any], observation_size: int, action_size: int) -> Agent:
    """Make the agent of a technique; `params` has one entry per member, equal in every shared parameter."""
    agent: Agent = _AGENTS[technique](params, observation_size, action_size)
    return agent
