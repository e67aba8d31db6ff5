"""What of a recording knows Keras: its descriptions of models and of the arguments of `compile` and `fit`."""
