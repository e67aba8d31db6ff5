"""Functions as students write them, each with one fault.

Name -> (question, least and most share of the points, words that the report has to say, code).
"""

from __future__ import annotations

FAULTS: dict[str, tuple[str, float, float, str, str]] = {
    "flipped kernel": (
        *("20", 0.4, 0.7, "flipped in both directions"),
        """
        def conv(img, k):
            n = k.shape[0]
            k = k[::-1, ::-1]
            out = np.zeros((img.shape[0]-n+1, img.shape[1]-n+1))
            for i in range(out.shape[0]):
                for j in range(out.shape[1]):
                    out[i,j] = np.sum(img[i:i+n,j:j+n]*k)
            return out
        """,
    ),
    "first channel only": (
        *("20", 0.2, 0.5, "Only the first channel"),
        """
        def convolution(image, kernel):
            k = kernel.shape[0]
            h, w = image.shape[0]-k+1, image.shape[1]-k+1
            r = np.zeros((h, w))
            for y in range(h):
                for x in range(w):
                    r[y, x] = (image[y:y+k, x:x+k, 0] * kernel[:, :, 0]).sum()
            return r
        """,
    ),
    "channels not summed": (
        *("20", 0.4, 0.8, "not summed"),
        """
        def convolve(x, f):
            k = f.shape[0]
            out = np.zeros((x.shape[0]-k+1, x.shape[1]-k+1, x.shape[2]))
            for c in range(x.shape[2]):
                for i in range(out.shape[0]):
                    for j in range(out.shape[1]):
                        out[i,j,c] = np.sum(x[i:i+k,j:j+k,c]*f[:,:,c])
            return out
        """,
    ),
    "channels overwritten": (
        *("20", 0.2, 0.5, "Only the last channel"),
        """
        def conv2d(x, f):
            k = f.shape[0]
            out = np.zeros((x.shape[0]-k+1, x.shape[1]-k+1))
            for c in range(x.shape[2]):
                for i in range(out.shape[0]):
                    for j in range(out.shape[1]):
                        out[i,j] = np.sum(x[i:i+k,j:j+k,c]*f[:,:,c])
            return out
        """,
    ),
    "padded": (
        *("20", 0.3, 0.6, "padded with zeros"),
        """
        def conv(x, f):
            k = f.shape[0]; p = k//2
            xp = np.pad(x, ((p,p),(p,p),(0,0)))
            out = np.zeros(x.shape[:2])
            for i in range(out.shape[0]):
                for j in range(out.shape[1]):
                    out[i,j] = np.sum(xp[i:i+k,j:j+k]*f)
            return out
        """,
    ),
    "loops one short": (
        *("20", 0.3, 0.7, "one step early"),
        """
        def conv(x, f):
            k = f.shape[0]
            out = np.zeros((x.shape[0]-k+1, x.shape[1]-k+1))
            for i in range(x.shape[0]-k):
                for j in range(x.shape[1]-k):
                    out[i,j] = np.sum(x[i:i+k,j:j+k]*f)
            return out
        """,
    ),
    "cut to integers": (
        *("20", 0.5, 0.85, "whole numbers"),
        """
        def conv(x, f):
            k = f.shape[0]
            out = np.zeros((x.shape[0]-k+1, x.shape[1]-k+1), dtype=int)
            for i in range(out.shape[0]):
                for j in range(out.shape[1]):
                    out[i,j] = np.sum(x[i:i+k,j:j+k]*f)
            return out
        """,
    ),
    "only for a 3 by 3 filter": (
        *("20", 0.6, 0.85, "ValueError"),
        """
        def conv(x, f):
            out = np.zeros((x.shape[0]-2, x.shape[1]-2))
            for i in range(out.shape[0]):
                for j in range(out.shape[1]):
                    out[i,j] = np.sum(x[i:i+3,j:j+3]*f)
            return out
        """,
    ),
    "square images only": (
        *("20", 0.05, 0.4, "shape"),
        """
        def conv(x, f):
            k = f.shape[0]; n = x.shape[0]-k+1
            out = np.zeros((n, n))
            for i in range(n):
                for j in range(n):
                    out[i,j] = np.sum(x[i:i+k,j:j+k]*f)
            return out
        """,
    ),
    "single channel function": (
        *("20", 0.4, 0.6, "single channel"),
        """
        def convolution2d(image, kernel):
            m, n = kernel.shape
            y, x = image.shape
            out = np.zeros((y-m+1, x-n+1))
            for i in range(y-m+1):
                for j in range(x-n+1):
                    out[i][j] = np.sum(image[i:i+m, j:j+n]*kernel)
            return out
        """,
    ),
    "filter not used": (
        *("20", 0.0, 0.1, "just summed"),
        """
        def conv(image, kernel):
            k = kernel.shape[0]
            return np.array([[image[i:i+k, j:j+k].sum() for j in range(image.shape[1]-k+1)]
                             for i in range(image.shape[0]-k+1)])
        """,
    ),
    "relu inside": (
        *("20", 0.4, 0.8, "Negative values are set to zero"),
        """
        def conv(x, f):
            k = f.shape[0]
            out = np.zeros((x.shape[0]-k+1, x.shape[1]-k+1))
            for i in range(out.shape[0]):
                for j in range(out.shape[1]):
                    out[i,j] = max(0, np.sum(x[i:i+k,j:j+k]*f))
            return out
        """,
    ),
    "no return": (
        *("20", 0.0, 0.1, "returns nothing"),
        """
        def conv(x, f):
            k = f.shape[0]
            out = np.zeros((x.shape[0]-k+1, x.shape[1]-k+1))
            for i in range(out.shape[0]):
                for j in range(out.shape[1]):
                    out[i,j] = np.sum(x[i:i+k,j:j+k]*f)
            print(out)
        """,
    ),
    "relu keeps negatives": (
        *("21", 0.0, 0.2, "Negative values are kept"),
        """
        def relu(x):
            return x
        """,
    ),
    "absolute value": (
        *("21", 0.0, 0.2, "lose their sign"),
        """
        def relu(x):
            return abs(x)
        """,
    ),
    "sigmoid": (
        *("21", 0.0, 0.2, "logistic"),
        """
        def relu(x):
            return 1/(1+np.exp(-x))
        """,
    ),
    "leaky": (
        *("21", 0.4, 0.7, "leaky"),
        """
        def relu(x):
            return np.maximum(0.01*x, x)
        """,
    ),
    "relu in place": (
        *("21", 0.85, 0.95, "changes its argument"),
        """
        def relu(x):
            x[x < 0] = 0
            return x
        """,
    ),
    "relu without return": (
        *("21", 0.5, 0.8, "return"),
        """
        def relu(x):
            x[x < 0] = 0
        """,
    ),
    "relu of one number": (
        *("21", 0.4, 0.6, "single number"),
        """
        def relu(x):
            if x > 0:
                return x
            return 0
        """,
    ),
    "step": (
        *("21", 0.0, 0.4, "step function"),
        """
        def relu(x):
            return np.where(x > 0, 1, 0)
        """,
    ),
    "stride ignored": (
        *("22", 0.75, 0.9, "stride is ignored"),
        """
        def pool(a, size=2, stride=2):
            out = np.zeros((a.shape[0]//size, a.shape[1]//size, a.shape[2]))
            for c in range(a.shape[2]):
                for i in range(out.shape[0]):
                    for j in range(out.shape[1]):
                        out[i,j,c] = a[i*size:i*size+size, j*size:j*size+size, c].max()
            return out
        """,
    ),
    "average pooling": (
        *("22", 0.2, 0.4, "average pooling"),
        """
        def max_pooling(a, size, stride):
            h = (a.shape[0]-size)//stride+1
            w = (a.shape[1]-size)//stride+1
            out = np.zeros((h, w, a.shape[2]))
            for i in range(h):
                for j in range(w):
                    out[i,j] = a[i*stride:i*stride+size, j*stride:j*stride+size].mean(axis=(0,1))
            return out
        """,
    ),
    "search from zero": (
        *("22", 0.8, 0.95, "starts from zero"),
        """
        def maxpool(a, k, s):
            h = (a.shape[0]-k)//s+1
            w = (a.shape[1]-k)//s+1
            out = np.zeros((h, w, a.shape[2]))
            for c in range(a.shape[2]):
                for i in range(h):
                    for j in range(w):
                        for m in range(k):
                            for n in range(k):
                                out[i,j,c] = max(out[i,j,c], a[i*s+m,j*s+n,c])
            return out
        """,
    ),
    "pooling over all maps": (
        *("22", 0.2, 0.55, "all feature maps together"),
        """
        def max_pool(a, size, stride):
            h = (a.shape[0]-size)//stride+1
            w = (a.shape[1]-size)//stride+1
            out = np.zeros((h, w))
            for i in range(h):
                for j in range(w):
                    out[i,j] = np.max(a[i*stride:i*stride+size, j*stride:j*stride+size])
            return out
        """,
    ),
    "size and stride fixed": (
        *("22", 0.6, 0.85, "no parameter for the size"),
        """
        def max_pooling(fmap):
            h, w, c = fmap.shape
            return fmap[:h//2*2, :w//2*2].reshape(h//2, 2, w//2, 2, c).max(axis=(1, 3))
        """,
    ),
    "fails on odd sizes": (
        *("22", 0.6, 0.8, "ValueError"),
        """
        def max_pooling(a, size=2, stride=2):
            h, w, c = a.shape
            return a.reshape(h//size, size, w//size, size, c).max(axis=(1, 3))
        """,
    ),
    "all maps together": (
        *("23", 0.3, 0.55, "together"),
        """
        def normalise(x):
            return (x - x.mean()) / x.std()
        """,
    ),
    "mean alone": (
        *("23", 0.4, 0.6, "Only the mean"),
        """
        def normalize(m):
            return m - np.mean(m, axis=(0, 1))
        """,
    ),
    "variance": (
        *("23", 0.4, 0.6, "variance"),
        """
        def normalization(m):
            return (m - np.mean(m, axis=(0,1))) / np.var(m, axis=(0,1))
        """,
    ),
    "deviation of a sample": (
        *("23", 0.7, 0.95, "sample"),
        """
        def norm(m):
            return (m - m.mean((0,1))) / m.std((0,1), ddof=1)
        """,
    ),
    "minimum and maximum": (
        *("23", 0.0, 0.35, "range from 0 to 1"),
        """
        def normalise(m):
            return (m - m.min()) / (m.max() - m.min())
        """,
    ),
    "normalised in place": (
        *("23", 0.75, 0.9, "changes its argument"),
        """
        def normalise(m):
            for c in range(m.shape[2]):
                m[:,:,c] = (m[:,:,c] - m[:,:,c].mean()) / m[:,:,c].std()
            return m
        """,
    ),
    "missing brackets": (
        *("23", 0.0, 0.4, "Brackets"),
        """
        def normalise(m):
            return m - m.mean(axis=(0,1)) / m.std(axis=(0,1))
        """,
    ),
    "no bias": (
        *("24", 0.7, 0.85, "no bias"),
        """
        def fully_connected(x, n):
            w = np.random.randn(x.size, n)
            return x.flatten() @ w
        """,
    ),
    "bias ignored": (
        *("24", 0.0, 0.8, "bias is ignored"),
        """
        def dense(x, w, b):
            return x.flatten() @ w
        """,
    ),
    "relu inside the layer": (
        *("24", 0.5, 0.9, "activation"),
        """
        def dense(x, n, bias):
            w = np.random.randn(x.size, n)
            return np.maximum(0, x.flatten() @ w + bias)
        """,
    ),
    "one output": (
        *("24", 0.3, 0.8, "1 values where 3 outputs"),
        """
        def fc(x, n, b):
            w = np.random.rand(x.size)
            return x.flatten() @ w + b
        """,
    ),
    "half of the inputs": (
        *("24", 0.7, 0.95, "make no difference"),
        """
        def fc(x, n, b):
            v = x[:, :, 0].flatten()
            w = np.random.rand(len(v), n)
            return v @ w + b
        """,
    ),
    "same weights for all": (
        *("24", 0.7, 0.95, "share their weights"),
        """
        def fc(x, n, b):
            w = np.ones((x.size, n))
            return x.flatten() @ w + b
        """,
    ),
    "softmax overflows": (
        *("25", 0.7, 0.8, "overflows"),
        """
        def softmax(x):
            return np.exp(x) / np.sum(np.exp(x))
        """,
    ),
    "softmax unnormalised": (
        *("25", 0.0, 0.2, "not divided by their sum"),
        """
        def softmax(x):
            return np.exp(x)
        """,
    ),
    "softmax without powers": (
        *("25", 0.0, 0.35, "exponential is missing"),
        """
        def softmax(x):
            return x / np.sum(x)
        """,
    ),
    "sigmoid for softmax": (
        *("25", 0.0, 0.4, "logistic"),
        """
        def softmax(x):
            return 1 / (1 + np.exp(-x))
        """,
    ),
    "softmax by the largest": (
        *("25", 0.0, 0.2, "by the largest one"),
        """
        def softmax(z):
            e = np.exp(z - z.max())
            return e / e.max()
        """,
    ),
    "endless": (
        *("25", 0.0, 0.0, "did not end"),
        """
        def softmax(x):
            while True:
                pass
        """,
    ),
    "endless that catches": (
        *("25", 0.0, 0.0, "did not end"),
        """
        def softmax(x):
            while True:
                try:
                    while True:
                        pass
                except BaseException:
                    pass
        """,
    ),
    "no numbers": (
        *("25", 0.0, 0.0, "`str`"),
        """
        def softmax(x):
            return 'probabilities'
        """,
    ),
    "nothing": (
        *("25", 0.0, 0.1, "returns nothing"),
        """
        def softmax(x):
            print(np.exp(x) / np.exp(x).sum())
        """,
    ),
    "raises": (
        *("25", 0.0, 0.0, "NameError"),
        """
        def softmax(x):
            return np.exp(x) / total
        """,
    ),
    "not a number": (
        *("25", 0.0, 0.1, "not a number"),
        """
        def softmax(x):
            return x * np.nan
        """,
    ),
    "far too large": (
        *("25", 0.0, 0.1, "far larger"),
        """
        def softmax(x):
            return np.zeros((3000, 3000))
        """,
    ),
    "ends the process": (
        *("25", 0.0, 0.0, "process ended"),
        """
        import os
        def softmax(x):
            os._exit(0)
        """,
    ),
}
