"""Functions called in the form in which they are written: an error of the call's own form is none of theirs."""

from __future__ import annotations

import pytest
from function_trials import Tried

POOLS = {
    "a pair unpacked, one map": """
        def pooling(fmap, pool_size):
            down, across = pool_size
            h, w = fmap.shape
            return np.array([[fmap[i:i+down, j:j+across].max() for j in range(0, w-across+1, across)]
                             for i in range(0, h-down+1, down)])
        """,
    "pairs indexed, one map": """
        def max_pool(fmap, size, stride):
            rows, columns = fmap.shape
            h, w = (rows - size[0]) // stride[0] + 1, (columns - size[1]) // stride[1] + 1
            out = np.empty((h, w))
            for i in range(h):
                for j in range(w):
                    r, c = i * stride[0], j * stride[1]
                    out[i, j] = fmap[r:r + size[0], c:c + size[1]].max()
            return out
        """,
    "keywords only, a pair and a number": """
        def max_pool(fmap, *, size, stride):
            a, b = size
            h, w = (fmap.shape[0] - a) // stride + 1, (fmap.shape[1] - b) // stride + 1
            out = np.empty((h, w, fmap.shape[2]))
            for i in range(h):
                for j in range(w):
                    out[i, j] = fmap[i * stride:i * stride + a, j * stride:j * stride + b].max(axis=(0, 1))
            return out
        """,
    "asserted": """
        def max_pool(fmap, size, stride):
            assert isinstance(size, tuple) and isinstance(stride, tuple)
            h = (fmap.shape[0] - size[0]) // stride[0] + 1
            w = (fmap.shape[1] - size[1]) // stride[1] + 1
            return np.array([[fmap[i*stride[0]:i*stride[0]+size[0], j*stride[1]:j*stride[1]+size[1]].max(axis=(0, 1))
                              for j in range(w)] for i in range(h)])
        """,
}
WRONG = {
    "the mean of a pair": """
        def max_pool(fmap, size):
            a, b = size
            h, w = fmap.shape[0] // a, fmap.shape[1] // b
            return np.array([[fmap[i*a:i*a+a, j*b:j*b+b].mean(axis=(0, 1)) for j in range(w)] for i in range(h)])
        """,
    "a name that is not there": """
        def max_pool(fmap, size, stride):
            return window.max()
        """,
    "a loop over a number": """
        def max_pool(fmap, size, stride):
            return [fmap[i].max() for i in fmap.shape[0]]
        """,
    "the last axis unpacked": """
        def max_pool(fmap, size, stride):
            a, b, c, d = fmap.shape
            return fmap[:a // size, :b // size]
        """,
    "nothing": """
        def max_pool(fmap, size, stride):
            a, b = size
        """,
}


@pytest.mark.parametrize("code", POOLS.values(), ids=POOLS)
def test_the_form_in_which_it_is_written(code: str, tried: Tried) -> None:
    """One map or many, a pair or a number, by keyword or position: what is right comes out right."""
    cases = tried(f"import numpy as np\n{_flush(code)}")["22"].cases
    met = sum(case.share * case.credit for case in cases)
    assert met >= 0.6 * sum(case.credit for case in cases), [(case.title, case.message) for case in cases]
    assert not [case for case in cases if "unpack" in case.message or "subscriptable" in case.message]


@pytest.mark.parametrize("code", WRONG.values(), ids=WRONG)
def test_a_wrong_function_stays_wrong(code: str, tried: Tried) -> None:
    """Another form of the call makes no wrong function right, nor hides its own error."""
    found = tried(f"import numpy as np\n{_flush(code)}")["22"]
    right = [case.title for case in found.cases if case.status == "passed"]
    assert set(right) <= {"The feature maps are left as they were"}


def _flush(code: str) -> str:
    lines = code.split("\n")
    return "\n".join(line[8:] for line in lines)
