"""All that the probe knows of Keras. Another framework is written beside it: `hooks.install` is what the cells call."""
