"""Older versions of the libraries around Keras, made to run under those that are here. Keras' own stand in `keras/`."""
