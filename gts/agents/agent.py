"""What a training asks of an agent, and which agents there are."""

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
    """A technique at work on P members."""

    state: AgentState

    def update(self, rollout: Rollout, progress: Tensor, active: Tensor) -> Mapping[str, Tensor]:
        """Learn from a rollout.

        `progress` (P, 1) is the part of its training that each member has done, 0 to 1; members outside `active` (P,) bool
        stand still. Returns numbers to log, each (P,).
        """
        ...


_AGENTS: dict[str, Any] = {"reinforce": Reinforce, "a2c": A2c, "ppo": Ppo}


def make_agent(technique: str, params: Sequence[Any], observation_size: int, action_size: int) -> Agent:
    """The agent of a technique for the given members, who must share their shapes."""
    agent: Agent = _AGENTS[technique](params, observation_size, action_size)
    return agent
