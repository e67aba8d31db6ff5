# %% [markdown]
# # A tiny lab of functions for attacks
#
# ## 1

# %%
import numpy as np


def softmax(x):
    powers = np.exp(x - x.max())
    return powers / powers.sum()


# %% [markdown]
# ## 2


# %%
def relu(x):
    return np.maximum(x, 0)
