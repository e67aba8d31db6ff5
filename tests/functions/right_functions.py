"""Functions that are right in an unusual way.

Name -> (question, code).
"""

from __future__ import annotations

RIGHT: dict[str, tuple[str, str]] = {
    "einsum": (
        "20",
        """
        def faltung(bild, filt):
            from numpy.lib.stride_tricks import sliding_window_view as view
            return np.einsum('ijxabc,abc->ij', view(bild, filt.shape), filt)
        """,
    ),
    "filter first": (
        "20",
        """
        def apply_filter(kernel, picture):
            k = kernel.shape[0]
            rows = range(picture.shape[0]-k+1)
            columns = range(picture.shape[1]-k+1)
            return [[float((picture[r:r+k, c:c+k]*kernel).sum()) for c in columns] for r in rows]
        """,
    ),
    "several filters first": (
        "20",
        """
        def conv(img, conv_filter):
            n, k = conv_filter.shape[0], conv_filter.shape[1]
            out = np.zeros((img.shape[0]-k+1, img.shape[1]-k+1, n))
            for f in range(n):
                for i in range(out.shape[0]):
                    for j in range(out.shape[1]):
                        out[i,j,f] = np.sum(img[i:i+k, j:j+k, :]*conv_filter[f])
            return out
        """,
    ),
    "filters last, with stride and padding": (
        "20",
        """
        def conv_forward(a, W, b, stride=1, pad=0):
            a = np.pad(a, ((pad,pad),(pad,pad),(0,0)))
            f = W.shape[0]
            h = (a.shape[0]-f)//stride+1
            w = (a.shape[1]-f)//stride+1
            z = np.zeros((h, w, W.shape[3]))
            for i in range(h):
                for j in range(w):
                    for c in range(W.shape[3]):
                        z[i,j,c] = np.sum(a[i*stride:i*stride+f, j*stride:j*stride+f]*W[...,c]) + b
            return z, a.shape
        """,
    ),
    "channels first": (
        "20",
        """
        def cross_correlation(x, w):
            c, k, _ = w.shape
            out = np.zeros((1, x.shape[1]-k+1, x.shape[2]-k+1))
            for i in range(out.shape[1]):
                for j in range(out.shape[2]):
                    out[0,i,j] = np.sum(x[:, i:i+k, j:j+k]*w)
            return out
        """,
    ),
    "any name": (
        "20",
        """
        def stap1(p, q):
            m = q.shape[0]
            return np.array([[np.sum(p[i:i+m,j:j+m]*q) for j in range(p.shape[1]-m+1)] for i in range(p.shape[0]-m+1)])
        """,
    ),
    "a class": (
        "20",
        """
        class Conv:
            def __init__(self, kernel):
                self.kernel = kernel
            def forward(self, image):
                k = self.kernel.shape[0]
                h, w = image.shape[0]-k+1, image.shape[1]-k+1
                return np.array([[np.sum(image[i:i+k,j:j+k]*self.kernel) for j in range(w)] for i in range(h)])
        """,
    ),
    "flipped twice": (
        "20",
        """
        def convolution(img, kernel):
            out = 0
            k = kernel.shape[0]
            h, w = img.shape[0]-k+1, img.shape[1]-k+1
            for a in range(k):
                for b in range(k):
                    out = out + (img[a:a+h, b:b+w] * kernel[a, b]).sum(axis=2)
            return out
        """,
    ),
    "lambda": (
        "21",
        """
        relu = lambda z: z * (z > 0)
        """,
    ),
    "helper with the same name": (
        "21",
        """
        def activation(v):
            return relu(v)
        def relu(v):
            return (np.abs(v) + v) / 2
        """,
    ),
    "vectorised": (
        "21",
        """
        relu = np.vectorize(lambda v: max(v, 0.0), otypes=[float])
        """,
    ),
    "overwritten name": (
        "21",
        """
        def relu(x):
            return np.maximum(x, 0)
        relu = relu(np.ones(3))
        """,
    ),
    "matrix": (
        "21",
        """
        def relu(x):
            return np.where(x > 0, x, np.zeros_like(x)).tolist()
        """,
    ),
    "object array": (
        "21",
        """
        def relu(x):
            out = np.empty(x.shape, dtype=object)
            for i in np.ndindex(x.shape):
                out[i] = max(x[i], 0)
            return out
        """,
    ),
    "dropped edges": (
        "22",
        """
        def max_pool(x, pool_size, strides):
            h = (x.shape[0]-pool_size)//strides+1
            w = (x.shape[1]-pool_size)//strides+1
            p, s = pool_size, strides
            return np.array([[x[i*s:i*s+p, j*s:j*s+p].max(axis=(0,1)) for j in range(w)] for i in range(h)])
        """,
    ),
    "kept edges": (
        "22",
        """
        def pooling(fmap, stride=2, size=2):
            h, w = int(np.ceil(fmap.shape[0]/stride)), int(np.ceil(fmap.shape[1]/stride))
            out = np.full((h, w, fmap.shape[2]), -np.inf)
            for i in range(h):
                for j in range(w):
                    out[i,j] = fmap[i*stride:i*stride+size, j*stride:j*stride+size].max((0,1))
            return out
        """,
    ),
    "one map at a time": (
        "22",
        """
        def max_pooling(x, k, s):
            rows, columns = x.shape
            h = (rows-k)//s+1
            w = (columns-k)//s+1
            out = np.zeros((h, w))
            for i in range(h):
                for j in range(w):
                    out[i,j] = np.max(x[i*s:i*s+k, j*s:j*s+k])
            return out
        """,
    ),
    "pairs": (
        "22",
        """
        def pool(x, size=(2, 2), stride=(2, 2)):
            a, b = size
            s, t = stride
            h = (x.shape[0]-a)//s+1
            w = (x.shape[1]-b)//t+1
            return np.array([[x[i*s:i*s+a, j*t:j*t+b].max((0, 1)) for j in range(w)] for i in range(h)])
        """,
    ),
    "pool in a class": (
        "22",
        """
        class MaxPool2D:
            def __init__(self, size=2, stride=2):
                self.size, self.stride = size, stride
            def __call__(self, x):
                k, s = self.size, self.stride
                h = (x.shape[0]-k)//s+1
                w = (x.shape[1]-k)//s+1
                return np.stack([[x[i*s:i*s+k, j*s:j*s+k].max((0,1)) for j in range(w)] for i in range(h)])
        """,
    ),
    "small number added": (
        "23",
        """
        def batch_norm(x, eps=1e-5):
            m = x.mean(axis=(0,1), keepdims=True)
            return (x - m) / np.sqrt(x.var(axis=(0,1), keepdims=True) + eps)
        """,
    ),
    "one map normalised": (
        "23",
        """
        def standardise(x):
            x = x.astype(float)
            return (x - np.mean(x)) / np.std(x)
        normed = [standardise(img[:, :, c]) for c in range(2)]
        """,
    ),
    "maps first": (
        "23",
        """
        def normalize(maps):
            return np.array([(m - m.mean()) / m.std() for m in maps])
        """,
    ),
    "weights given": (
        "24",
        """
        def dense(inputs, weights, bias):
            return np.dot(inputs.ravel(), weights) + bias
        """,
    ),
    "weights turned": (
        "24",
        """
        def fully_connected(W, b, a):
            return W @ a.flatten() + b
        """,
    ),
    "weights drawn by a generator": (
        "24",
        """
        rng = np.random.default_rng()
        def fc_layer(x, n_out, bias=0.1):
            W = rng.normal(size=(n_out, x.size))
            return W.dot(x.reshape(-1)) + bias
        """,
    ),
    "bias drawn": (
        "24",
        """
        def fully_connected_layer(fmap, units):
            v = fmap.flatten()
            return [sum(v[i]*np.random.rand() for i in range(len(v))) + np.random.rand() for _ in range(units)]
        """,
    ),
    "layer in a class": (
        "24",
        """
        class Dense:
            def __init__(self, n_in, n_out):
                self.w = np.random.randn(n_in, n_out)
                self.b = np.zeros(n_out)
            def forward(self, x):
                return x.reshape(1, -1) @ self.w + self.b
        """,
    ),
    "stable": (
        "25",
        """
        def softmax(x):
            e = np.exp(x - np.max(x))
            return e / e.sum()
        """,
    ),
    "batch of scores": (
        "25",
        """
        def softmax(x):
            e = np.exp(x - x.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True)
        """,
    ),
    "logarithm of the sum": (
        "25",
        """
        def class_probabilities(scores):
            m = max(scores)
            return [float(np.exp(s - m - np.log(sum(np.exp(t - m) for t in scores)))) for s in scores]
        """,
    ),
}
