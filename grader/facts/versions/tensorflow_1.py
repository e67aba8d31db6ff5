"""What TensorFlow 1 called otherwise, as far as code around Keras uses it."""

from __future__ import annotations

from grader.facts.versions.difference import Difference

_SINCE = "TensorFlow 2.0"

OPTIMIZERS: dict[str, tuple[str, dict[str, str], dict[str, float]]] = {
    "GradientDescentOptimizer": ("SGD", {}, {}),
    "MomentumOptimizer": ("SGD", {"momentum": "momentum", "use_nesterov": "nesterov"}, {}),
    "AdamOptimizer": ("Adam", {"beta1": "beta_1", "beta2": "beta_2", "epsilon": "epsilon"}, {"epsilon": 1e-8}),
    "RMSPropOptimizer": (
        "RMSprop",
        {"decay": "rho", "momentum": "momentum", "epsilon": "epsilon", "centered": "centered"},
        {"epsilon": 1e-10},
    ),
    "AdagradOptimizer": ("Adagrad", {"initial_accumulator_value": "initial_accumulator_value"}, {}),
    "AdadeltaOptimizer": ("Adadelta", {"rho": "rho", "epsilon": "epsilon"}, {"epsilon": 1e-8}),
    "FtrlOptimizer": (
        "Ftrl",
        {
            "learning_rate_power": "learning_rate_power",
            "initial_accumulator_value": "initial_accumulator_value",
            "l1_regularization_strength": "l1_regularization_strength",
            "l2_regularization_strength": "l2_regularization_strength",
        },
        {},
    ),
}
"""Name in `tf.train` -> (class in `keras.optimizers`, its arguments after the rate, in order, by their names today,
defaults that differ)."""

SWITCHES = (
    "disable_v2_behavior",
    "disable_eager_execution",
    "disable_v2_tensorshape",
    "disable_resource_variables",
    "disable_control_flow_v2",
    "enable_eager_execution",
    "enable_v2_behavior",
)
"""Of how TensorFlow 2 computes. Keras 3 knows one way, so that they do nothing."""

_CLASSES = "|".join(sorted({new for new, _, _ in OPTIMIZERS.values()}))

LOST_NAMES = ("contrib", "estimator")


def rows() -> list[Difference]:
    """All of them."""
    return [
        *(
            Difference(f"tf.train.{old}", f"tf.train.{old} was read as keras.optimizers.{new}.", _SINCE)
            for old, (new, _, _) in OPTIMIZERS.items()
        ),
        *(
            Difference(f"tf.{name}", f"tf.{name}() was left out: Keras 3 has one way of computing.", _SINCE)
            for name in SWITCHES
        ),
        Difference("tf.Session", "A session was replaced by one that computes at once.", _SINCE),
        Difference("tf.InteractiveSession", "A session was replaced by one that computes at once.", _SINCE),
        Difference("names of TensorFlow 1", "A name of TensorFlow 1 was found in tf.compat.v1.", _SINCE),
        Difference(
            "global_variables_initializer",
            "tf.global_variables_initializer() was left out: variables have their values.",
            _SINCE,
        ),
        Difference(
            "tf.placeholder",
            "Placeholders belong to the graphs of TensorFlow 1, which Keras 3 does not train.",
            _SINCE,
            error=r"RuntimeError: tf\.placeholder\(\) is not compatible with eager execution",
        ),
        Difference(
            "feed_dict",
            "Values were fed into graphs of TensorFlow 1, which Keras 3 does not train.",
            _SINCE,
            error=r"RuntimeError: a session of TensorFlow 1 was asked for a graph",
        ),
        Difference(
            "minimize",
            "The optimizers of TensorFlow 1 made an operation that a session ran.",
            _SINCE,
            error=rf"AttributeError: '(?:{_CLASSES})' object has no attribute '(?:minimize|compute_gradients)'",
        ),
        Difference(
            "tensorflow.examples",
            "The examples of TensorFlow 1, its reader of MNIST among them, are no part of it any more.",
            _SINCE,
            error=r"ModuleNotFoundError: No module named 'tensorflow\.(?:examples|contrib)",
        ),
        Difference(
            "tf.layers",
            "tf.layers was a part of TensorFlow 1.",
            _SINCE,
            error=r"AttributeError: `\w+` is not available with Keras 3",
        ),
        *(
            Difference(
                f"tf.{name}",
                f"tf.{name} was a part of TensorFlow 1.",
                _SINCE,
                error=rf"module '[\w.]*tensorflow[\w.]*' has no attribute '{name}'|name '{name}' from 'tensorflow",
            )
            for name in LOST_NAMES
        ),
    ]
