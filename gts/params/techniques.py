"""Parameters of the techniques: meaning, bounds and defaults.

Keys of the original programs keep their names and meaning, and new keys follow their spelling. Python names are the usual ones
of the field.
"""

from __future__ import annotations

from typing import Any, Literal

from gts.params.declaration import ParameterModel, parameter

Activation = Literal["tanh", "sigmoid", "ReLU", "leakyReLU", "ELU", "SiLU"]
Initialisation = Literal["orthogonal", "uniform"]
StdKind = Literal["fixed", "learned", "stateDependent"]
Schedule = Literal["constant", "linear"]
Physics = Literal["exact", "fast"]

_MAX_STEPS = 10**12


def _n_epochs(default: int) -> Any:
    return parameter(
        "nEpochs",
        default,
        "Rounds of collect and update; a rollout is nSteps ÷ nEpochs ÷ nEnvironments steps long.",
        unit="epochs",
        shared=True,
        ge=1,
        le=_MAX_STEPS,
    )


class CommonParams(ParameterModel):
    """Parameters of all techniques: budget, worlds, normalisers, evaluation."""

    seed: int = parameter(
        "seed", 1, "Seed of the random streams of a member: networks, actions, worlds, minibatches.", ge=0, lt=2**32
    )
    n_steps: int = parameter(
        "nSteps",
        1_000_000,
        "Environment steps of the whole training, all environments of a member together.",
        unit="steps",
        shared=True,
        ge=1,
        le=_MAX_STEPS,
    )
    n_epochs: int = _n_epochs(500)
    n_environments: int = parameter(
        "nEnvironments", 32, "Worlds of a member, stepped side by side.", unit="worlds", shared=True, ge=1, le=65536
    )
    max_episode_length: int = parameter(
        "maxEpisodeLength",
        1000,
        "An episode is truncated after this many steps.",
        unit="steps",
        shared=True,
        ge=1,
        le=_MAX_STEPS,
    )
    physics: Physics = parameter(
        "physics",
        "exact",
        'Integrator of the training worlds: "exact" is Gymnasium\'s, "fast" is implicitfast. Scores are always exact.',
        shared=True,
    )
    exact_tail: float = parameter(
        "exactTail",
        0.2,
        "With fast physics: this last part of the steps is trained on exact physics.",
        unit="fraction",
        shared=True,
        ge=0,
        le=1,
    )
    normalise_observations: bool = parameter(
        "normaliseObservations",
        True,
        "Shift and scale observations by their running mean and standard deviation, clipped to ±10.",
        shared=True,
    )
    scale_rewards: bool = parameter(
        "scaleRewards",
        True,
        "Divide rewards by the running standard deviation of the discounted return.",
        shared=True,
    )
    clip_actions: bool = parameter(
        "clipActions", True, "Clip actions to the figure's range before they reach the physics.", shared=True
    )
    schedule: Schedule = parameter(
        "schedule",
        "linear",
        "Learning rates over the training: constant, or falling linearly to `finalFraction`.",
        shared=True,
    )
    final_fraction: float = parameter(
        "finalFraction",
        0.1,
        "Final learning rate as a fraction of the initial one when the schedule is linear.",
        unit="fraction",
        ge=0,
        le=1,
    )
    max_gradient_norm: float = parameter(
        "maxGradientNorm", 0.5, "Gradients of a network are scaled down to this norm; 0 is off.", ge=0
    )
    n_evaluations: int = parameter(
        "nEvaluations",
        10,
        "Evaluations of the deterministic policy on exact physics during a training; the best policy is kept.",
        unit="evaluations",
        shared=True,
        ge=0,
    )
    evaluation_episodes: int = parameter(
        "evaluationEpisodes",
        10,
        "Episodes of one evaluation, always with the same starts.",
        unit="episodes",
        shared=True,
        ge=1,
        le=10_000,
    )


class ReinforceParams(CommonParams):
    """REINFORCE with a baseline."""

    n_epochs: int = _n_epochs(250)
    gamma: float = parameter("policy.discountFactor", 0.99, "Discount γ of future rewards.", ge=0, le=1)
    policy_learning_rate: float = parameter("policy.learningRate", 1e-3, "Step size of the policy's optimiser.", gt=0, le=1)
    policy_n_hidden: int = parameter(
        "policy.nHidden", 2, "Hidden layers of the policy.", unit="layers", shared=True, ge=0, le=16
    )
    policy_hidden_size: int = parameter(
        "policy.hiddenSize", 64, "Width of its hidden layers.", unit="units", shared=True, ge=1, le=8192
    )
    policy_hidden_activation: Activation = parameter(
        "policy.hiddenActivation", "tanh", "Activation of its hidden layers.", shared=True
    )
    policy_initialisation: Initialisation = parameter(
        "policy.initialisation", "orthogonal", "Initialisation of its weights.", shared=True
    )
    policy_deviation: StdKind = parameter(
        "policy.deviation",
        "stateDependent",
        "Standard deviation of actions: fixed, learned for each action, or a second output of the network; "
        "fixed if the file gives `policy.varianceScale` without this.",
        shared=True,
    )
    policy_variance_scale: float = parameter(
        "policy.varianceScale",
        0.3,
        "Initial standard deviation of actions (constant when fixed), as a part of the action range.",
        unit="fraction",
        gt=0,
        le=10,
    )
    baseline: Literal["none", "white", "learned"] = parameter(
        "baseline",
        "learned",
        "Subtracted from the return: nothing, its mean over the rollout (then divided by its deviation), or a learned value.",
        shared=True,
    )
    baseline_learning_rate: float = parameter(
        "baseline.learningRate", 1e-3, "Step size of the learned baseline's optimiser.", gt=0, le=1
    )
    baseline_n_hidden: int = parameter(
        "baseline.nHidden", 2, "Hidden layers of the learned baseline.", unit="layers", shared=True, ge=0, le=16
    )
    baseline_hidden_size: int = parameter(
        "baseline.hiddenSize", 64, "Width of its hidden layers.", unit="units", shared=True, ge=1, le=8192
    )
    baseline_hidden_activation: Activation = parameter(
        "baseline.hiddenActivation", "tanh", "Activation of its hidden layers.", shared=True
    )
    baseline_training_iterations: int = parameter(
        "baseline.trainingIterations",
        10,
        "Passes over a rollout that fit the learned baseline, in minibatches.",
        unit="passes",
        shared=True,
        ge=1,
        le=10_000,
    )
    minibatch_size: int = parameter(
        "minibatchSize", 512, "Samples of one baseline update.", unit="samples", shared=True, ge=1, le=_MAX_STEPS
    )
    entropy_coef: float = parameter("entropyCoeff", 0.0, "Weight of the entropy bonus.", ge=0, le=1)


class ActorCriticParams(ParameterModel):
    """Parameters of A2C and PPO: actor, critic, estimation of advantages."""

    gamma: float = parameter("discountFactor", 0.99, "Discount γ of future rewards.", ge=0, le=1)
    gae_lambda: float = parameter("lambda", 0.95, "λ of the generalised advantage estimate.", ge=0, le=1)
    entropy_coef: float = parameter("entropyCoeff", 0.0, "Weight of the entropy bonus.", ge=0, le=1)
    normalise_advantages: bool = parameter(
        "normaliseAdvantages",
        False,
        "Shift and scale the advantages of an update to mean 0, standard deviation 1; "
        "with PPO true if the file gives `actor.trainingIterations` without this.",
        shared=True,
    )
    actor_learning_rate: float = parameter("actor.learningRate", 7e-4, "Step size of the actor's optimiser.", gt=0, le=1)
    actor_n_hidden: int = parameter("actor.nHidden", 2, "Hidden layers of the actor.", unit="layers", shared=True, ge=0, le=16)
    actor_hidden_size: int = parameter(
        "actor.hiddenSize", 64, "Width of its hidden layers.", unit="units", shared=True, ge=1, le=8192
    )
    actor_hidden_activation: Activation = parameter(
        "actor.hiddenActivation", "tanh", "Activation of its hidden layers.", shared=True
    )
    actor_initialisation: Initialisation = parameter(
        "actor.initialisation", "orthogonal", "Initialisation of its weights.", shared=True
    )
    actor_deviation: StdKind = parameter(
        "actor.deviation",
        "learned",
        "Standard deviation of actions: fixed, learned for each action, or a second output of the network; "
        "fixed if the file gives `actor.varianceScale` without this.",
        shared=True,
    )
    actor_variance_scale: float = parameter(
        "actor.varianceScale",
        0.3,
        "Initial standard deviation of actions (constant when fixed), as a part of the action range.",
        unit="fraction",
        gt=0,
        le=10,
    )
    actor_variance_scale_delta: float = parameter(
        "actor.varianceScaleDelta",
        0.0,
        "Spread of a fixed standard deviation over the environments, 1 ± this times its scale.",
        unit="fraction",
        ge=0,
        lt=1,
    )
    critic_learning_rate: float = parameter("critic.learningRate", 7e-4, "Step size of the critic's optimiser.", gt=0, le=1)
    critic_n_hidden: int = parameter(
        "critic.nHidden", 2, "Hidden layers of the critic.", unit="layers", shared=True, ge=0, le=16
    )
    critic_hidden_size: int = parameter(
        "critic.hiddenSize", 64, "Width of its hidden layers.", unit="units", shared=True, ge=1, le=8192
    )
    critic_hidden_activation: Activation = parameter(
        "critic.hiddenActivation", "tanh", "Activation of its hidden layers.", shared=True
    )
    critic_initialisation: Initialisation = parameter(
        "critic.initialisation", "orthogonal", "Initialisation of its weights.", shared=True
    )


class A2cParams(ActorCriticParams, CommonParams):
    """Advantage actor-critic."""

    n_epochs: int = _n_epochs(5000)
    critic_training_iterations: int = parameter(
        "critic.trainingIterations",
        1,
        "Steps of the critic per step of the actor, each from the whole rollout.",
        unit="updates",
        shared=True,
        ge=1,
        le=10_000,
    )


class PpoParams(ActorCriticParams, CommonParams):
    """Proximal policy optimisation: actor-critic with many clipped updates per rollout."""

    n_epochs: int = _n_epochs(500)
    actor_learning_rate: float = parameter("actor.learningRate", 1e-3, "Step size of the actor's optimiser.", gt=0, le=1)
    critic_learning_rate: float = parameter("critic.learningRate", 1e-3, "Step size of the critic's optimiser.", gt=0, le=1)
    clip_ratio: float = parameter("clipRatio", 0.2, "How far the probability ratio may leave 1 before its gradient is 0.", gt=0)
    clip_schedule: Schedule = parameter(
        "clipSchedule", "constant", "Clip ratio over the training: constant, or falling linearly to 0.", shared=True
    )
    target_kl: float = parameter(
        "targetKL", 0.0, "A member stops its updates of a rollout when the KL divergence exceeds 1.5 × this; 0 is off.", ge=0
    )
    update_epochs: int = parameter(
        "updateEpochs",
        5,
        "Passes over a rollout in minibatches that actor and critic share.",
        unit="passes",
        shared=True,
        ge=1,
        le=1000,
    )
    minibatch_size: int = parameter(
        "minibatchSize",
        256,
        "Samples of one update; a rollout is divided evenly.",
        unit="samples",
        shared=True,
        ge=1,
        le=_MAX_STEPS,
    )
    actor_training_iterations: int = parameter(
        "actor.trainingIterations",
        0,
        "Full-batch updates of the actor instead of shared minibatches, given together with those of the critic; 0 is off.",
        unit="updates",
        shared=True,
        ge=0,
        le=10_000,
    )
    critic_training_iterations: int = parameter(
        "critic.trainingIterations",
        0,
        "Full-batch updates of the critic instead of shared minibatches, given together with those of the actor; 0 is off.",
        unit="updates",
        shared=True,
        ge=0,
        le=10_000,
    )
    recompute_advantages: bool = parameter(
        "recomputeAdvantages", False, "Estimate the advantages again, with the newest critic, before every pass.", shared=True
    )


TechniqueParams = ReinforceParams | A2cParams | PpoParams

TECHNIQUES: dict[str, type[CommonParams]] = {
    "reinforce": ReinforceParams,
    "a2c": A2cParams,
    "ppo": PpoParams,
}
"""Parameters by the name of the technique in files."""
