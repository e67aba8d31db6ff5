"""Code of Keras 1 and 2, and of TensorFlow 1 around it, made to run as it meant under Keras 3."""
