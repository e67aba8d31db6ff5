"""An example for each row of other libraries, of TensorFlow 1, and of Python 2's names."""

from __future__ import annotations

from grader.facts.versions import python_2, scientific
from grader.facts.versions.tensorflow_1 import LOST_NAMES, OPTIMIZERS, SWITCHES

_PLOT = "import matplotlib.pyplot as plt, numpy as np\nfig, ax = plt.subplots()\n"
_TABLE = "import pandas as pd\nd = pd.DataFrame({'a': [1, 2], 'b': [3, 4]})\n"
_LEARN = "import numpy as np\nx = np.array([[1.0], [2.0], [3.0], [4.0]]); y = np.array([0, 0, 1, 1])\n"
_TF = "import tensorflow as tf\n"


def _same(owner: str, old: str, new: str, argument: str) -> str:
    module, _, name = owner.rpartition(".")
    return f"from {module} import {name}\nassert {name}({old}).get_params()[{argument!r}] == {new}"


def _names() -> dict[str, str]:
    found = {old: f"import importlib; importlib.import_module({old!r})" for old in scientific.MODULES}
    for module, names in scientific.NAMES.items():
        short = "np" if module == "numpy" else module
        for old, new in names.items():
            home, _, name = new.rpartition(".") if "." in new else (module, "", new)
            found[f"{short}.{old}"] = (
                f"import importlib\nfrom {module} import {old}\n"
                f"module, home = map(importlib.import_module, {(module, home)!r})\n"
                f"assert getattr(module, {old!r}) is getattr(home, {name!r}) is {old}"
            )
    found |= {f"import {old}": f"import {old}" for old in python_2.MODULES}
    return found


_TENSORFLOW = {
    **{
        f"tf.train.{old}": _TF
        + f"import keras\nmade = tf.train.{old}(0.5); assert type(made) is keras.optimizers.{new}\n"
        + "assert float(made.learning_rate) == 0.5"
        for old, (new, _, _) in OPTIMIZERS.items()
    },
    **{
        f"tf.{name}": f"import tensorflow.compat.v1 as tf\ntf.{name}()\nassert tf.executing_eagerly()"
        for name in SWITCHES
    },
    "tf.Session": _TF
    + "config = tf.ConfigProto(); config.gpu_options.allow_growth = True\n"
    + "with tf.Session(config=config) as sess: assert sess.run(tf.constant(2) + 1) == 3",
    "tf.InteractiveSession": _TF
    + "sess = tf.InteractiveSession(); assert sess.run([tf.constant(2)]) == [2]; sess.close()",
    "names of TensorFlow 1": _TF
    + "tf.logging.set_verbosity(tf.logging.ERROR); tf.set_random_seed(1)\n"
    + "assert tf.random_normal((2, 3)).shape == (2, 3)",
    "global_variables_initializer": _TF + "assert tf.Session().run(tf.global_variables_initializer()) is None",
    "tf.placeholder": _TF + "tf.placeholder(tf.float32, (None, 3))",
    "feed_dict": _TF + "tf.Session().run(tf.constant(1), feed_dict={'x': 1})",
    "minimize": _TF + "tf.train.AdamOptimizer(0.1).minimize(None)",
    "tensorflow.examples": "from tensorflow.examples.tutorials.mnist import input_data",
    **{f"tf.{name}": _TF + f"tf.{name}.anything" for name in (*LOST_NAMES, "layers")},
}

_SKLEARN = {
    "OneHotEncoder(sparse=)": _same("sklearn.preprocessing.OneHotEncoder", "sparse=False", "False", "sparse_output"),
    "AdaBoostClassifier(base_estimator=)": _same(
        "sklearn.ensemble.AdaBoostClassifier", "base_estimator=None", "None", "estimator"
    ),
    "BaggingClassifier(base_estimator=)": _same(
        "sklearn.ensemble.BaggingClassifier", "base_estimator=None", "None", "estimator"
    ),
    "AgglomerativeClustering(affinity=)": _same(
        "sklearn.cluster.AgglomerativeClustering", "affinity='l1'", "'l1'", "metric"
    ),
    "SGDClassifier(n_iter=)": _same("sklearn.linear_model.SGDClassifier", "n_iter=7", "7", "max_iter"),
    "Perceptron(n_iter=)": _same("sklearn.linear_model.Perceptron", "n_iter=7", "7", "max_iter"),
    "TSNE(n_iter=)": _same("sklearn.manifold.TSNE", "n_iter=300", "300", "max_iter"),
    "SGDClassifier(loss='log')": _same("sklearn.linear_model.SGDClassifier", "loss='log'", "'log_loss'", "loss"),
    "SGDClassifier(loss='squared_loss')": _same(
        "sklearn.linear_model.SGDClassifier", "loss='squared_loss'", "'squared_error'", "loss"
    ),
    "LogisticRegression(multi_class=)": _LEARN
    + "from sklearn.linear_model import LogisticRegression\nfrom sklearn.base import clone\n"
    + "assert clone(LogisticRegression(multi_class='multinomial', solver='lbfgs')).fit(x, y).score(x, y) == 1",
    "LogisticRegression(penalty='none')": _same(
        "sklearn.linear_model.LogisticRegression", "penalty='none'", "None", "penalty"
    ),
    "KMeans(n_jobs=)": "from sklearn.cluster import KMeans; assert KMeans(n_clusters=3, n_jobs=2).n_clusters == 3",
    **{
        f"{name}(iid=)": f"from sklearn.model_selection import {name}\nfrom sklearn.svm import SVC\n"
        f"{name}(SVC(), {{'C': [1]}}, iid=False)"
        for name in ("GridSearchCV", "RandomizedSearchCV")
    },
    "RandomForestClassifier(max_features='auto')": _same(
        "sklearn.ensemble.RandomForestClassifier", "max_features='auto'", "'sqrt'", "max_features"
    ),
    "RandomForestRegressor(max_features='auto')": _same(
        "sklearn.ensemble.RandomForestRegressor", "max_features='auto'", "1.0", "max_features"
    ),
    **{
        f"{name}(criterion={old!r})": _same(f"sklearn.{home}.{name}", f"criterion={old!r}", repr(new), "criterion")
        for home, name in (("ensemble", "RandomForestRegressor"), ("tree", "DecisionTreeRegressor"))
        for old, new in (("mse", "squared_error"), ("mae", "absolute_error"))
    },
    "GradientBoostingClassifier(loss='deviance')": _same(
        "sklearn.ensemble.GradientBoostingClassifier", "loss='deviance'", "'log_loss'", "loss"
    ),
    "GradientBoostingRegressor(loss='ls')": _same(
        "sklearn.ensemble.GradientBoostingRegressor", "loss='ls'", "'squared_error'", "loss"
    ),
    "GradientBoostingRegressor(loss='lad')": _same(
        "sklearn.ensemble.GradientBoostingRegressor", "loss='lad'", "'absolute_error'", "loss"
    ),
    **{
        name: _LEARN
        + f"from sklearn.metrics import {name}\nfrom sklearn.linear_model import LogisticRegression\n"
        + f"assert {name}(LogisticRegression().fit(x, y), x, y).ax_ is not None"
        for name in ("plot_confusion_matrix", "plot_roc_curve", "plot_precision_recall_curve")
    },
    "mean_squared_error(squared=)": "from sklearn.metrics import mean_squared_error\n"
    "assert mean_squared_error([0, 0], [2, 2], squared=False) == 2\n"
    "assert mean_squared_error([0, 0], [2, 2], squared=True) == 4",
    "get_feature_names": "from sklearn.feature_extraction.text import CountVectorizer\n"
    "assert CountVectorizer().fit(['a few words']).get_feature_names() == ['few', 'words']",
    "sklearn.datasets.load_boston": "from sklearn.datasets import load_boston",
    "sklearn.datasets.fetch_mldata": "from sklearn.datasets import fetch_mldata",
    "jaccard_similarity_score": "from sklearn.metrics import jaccard_similarity_score",
    "OneHotEncoder(categorical_features=)": "from sklearn.preprocessing import OneHotEncoder as One\n"
    "One(categorical_features=[0])",
    "LinearRegression(normalize=)": "from sklearn.linear_model import LinearRegression as Line; Line(normalize=True)",
    "cross_validation.KFold(n)": "from sklearn.cross_validation import KFold; KFold(10, n_folds=5)",
    "GridSearchCV.grid_scores_": "from sklearn.model_selection import GridSearchCV\nfrom sklearn.svm import SVC\n"
    "GridSearchCV(SVC(), {}).grid_scores_",
}

_NUMBERS = {
    "np.asscalar": "import numpy as np; assert np.asscalar(np.array([3])) == 3",
    "np.asfarray": "import numpy as np; assert np.asfarray([1, 2]).dtype == float",
    "np.msort": "import numpy as np; assert np.msort([[2, 1], [1, 2]])[0].tolist() == [1, 1]",
    "a number of an array": "import numpy as np; float(np.array([1.0]))",
    "np.array(copy=False)": "import numpy as np; np.array([1, 2], copy=False)",
    "np.cast": "import numpy as np; np.cast",
    "scipy.misc": "import scipy.misc, numpy as np\nscipy.misc.imsave('a.png', np.arange(12.0).reshape(3, 4))\n"
    "assert scipy.misc.imread('a.png').max() == 255 and scipy.misc.imresize(np.zeros((4, 6)), (2, 3)).shape == (2, 3)\n"
    "from scipy.misc import comb; assert comb(4, 2) == 6",
    "scipy.misc.face": "from scipy.misc import face",
}

_FRAMES = {
    "to_csv(line_terminator=)": _TABLE + "assert d.to_csv(line_terminator='|', index=False) == 'a,b|1,3|2,4|'",
    "DataFrame.append": _TABLE
    + "assert len(d.append(d)) == 4 and len(d.append({'a': 5, 'b': 6}, ignore_index=True)) == 3\n"
    + "assert len(d.a.append(d.b)) == 4",
    "DataFrame.as_matrix": _TABLE + "assert d.as_matrix().shape == (2, 2)",
    "DataFrame.iteritems": _TABLE + "assert [name for name, _ in d.iteritems()] == ['a', 'b']",
    "DataFrame.applymap": _TABLE + "assert d.applymap(lambda v: v + 1).a.tolist() == [2, 3]",
    "DataFrame.sort": _TABLE + "assert d.sort('a', ascending=False).a.tolist() == [2, 1]",
    "DataFrame.get_value": _TABLE + "assert d.get_value(0, 'b') == 3",
    "DataFrame.ix": _TABLE + "assert d.ix[0, 'b'] == 3 and d.set_index(pd.Index(['p', 'q'])).ix[1].a == 2",
    "drop(label, axis)": _TABLE + "assert list(d.drop('a', 1).columns) == ['b']",
    "pd.concat(frames, axis)": _TABLE + "assert pd.concat([d, d], 1).shape == (2, 4)",
    "fillna(method=)": "import pandas as pd; assert pd.Series([1.0, None]).fillna(method='ffill').tolist() == [1, 1]",
    "pd.value_counts": _TABLE + "assert pd.value_counts(d.a)[1] == 1",
    "pd.rolling_mean": _TABLE + "assert pd.rolling_mean(d.a, 2).iloc[1] == 1.5",
    "read_csv(error_bad_lines=)": "import io, pandas as pd\n"
    "assert len(pd.read_csv(io.StringIO('a,b\\n1,2\\n1,2,3\\n'), error_bad_lines=False)) == 1",
    "pd.Panel": "import pandas as pd; pd.Panel",
    "DataFrame.lookup": _TABLE + "d.lookup([0], ['a'])",
}

_PLOTS = {
    "hist(normed=)": _PLOT
    + "heights, _, _ = plt.hist([1, 2, 2, 4], normed=True); assert abs(heights.max() - 5 / 3) < 1e-9",
    "bar(left=)": _PLOT + "assert len(plt.bar(left=[1, 2], height=[3, 4])) == 2",
    "boxplot(labels=)": _PLOT + "plt.boxplot([[1, 2], [3, 4]], labels=['a', 'b'])\n"
    "assert [text.get_text() for text in ax.get_xticklabels()] == ['a', 'b']",
    "annotate(s=)": _PLOT + "assert plt.annotate(s='here', xy=(0, 0)).get_text() == 'here'",
    "grid(b=)": _PLOT + "plt.grid(b=True); assert ax.get_xgridlines()[0].get_visible()",
    "set_title(s=)": _PLOT + "ax.set_title(s='Title'); assert ax.get_title() == 'Title'",
    "title(s=)": _PLOT + "plt.title(s='Title'); assert ax.get_title() == 'Title'",
    **{
        f"{call}(base{axis}=)": _PLOT
        + f"ax.{call}({first}, base{axis}=2); assert ax.{axis}axis.get_transform().base == 2"
        for axis in "xy"
        for call, first in ((f"set_{axis}scale", "'log'"), (f"semilog{axis}", "[1, 2]"))
    },
    **{
        f"{call}(nonpos{axis}=)": _PLOT
        + f"ax.{call}({first}, nonpos{axis}='clip'); assert ax.get_{axis}scale() == 'log'"
        for axis in "xy"
        for call, first in ((f"set_{axis}scale", "'log'"), (f"semilog{axis}", "[1, 2]"))
    },
    "use(warn=)": "import matplotlib; matplotlib.use('agg', warn=False)",
    "plot(hold=)": _PLOT + "plt.plot([1, 2], hold=True); assert len(ax.lines) == 1",
    "stem(use_line_collection=)": _PLOT + "plt.stem([1, 2], use_line_collection=True)",
    "scatter(verts=)": _PLOT + "plt.scatter([1], [2], verts=None)",
    "savefig(frameon=)": _PLOT + "plt.savefig('a.png', frameon=False)",
    "plt.style seaborn": _PLOT + "plt.style.use('seaborn-whitegrid'); plt.style.use(['seaborn', 'seaborn-talk'])",
    "plt.hold": _PLOT + "plt.hold(True); ax.hold(True)",
    "axisbg=": _PLOT + "assert plt.subplot(111, axisbg='red').get_facecolor()[:3] == (1, 0, 0)",
    "set_axis_bgcolor": _PLOT + "ax.set_axis_bgcolor('red'); assert ax.get_axis_bgcolor()[:3] == (1, 0, 0)",
    "plt.cm.get_cmap": _PLOT + "assert plt.cm.get_cmap('viridis').name == 'viridis'",
    "cmap='spectral'": _PLOT
    + "assert plt.imshow([[1, 2]], cmap='spectral').get_cmap().name == 'nipy_spectral'\n"
    + "assert plt.cm.Vega10.name == 'tab10' and plt.get_cmap('spectral').name == 'nipy_spectral'",
    "set_window_title": _PLOT + "fig.canvas.set_window_title('x')",
    "gca(projection=)": _PLOT + "assert plt.figure().gca(projection='3d').name == '3d'",
    "labelbottom='off'": _PLOT
    + "plt.tick_params(axis='x', bottom='off', labelbottom='off')\n"
    + "assert not ax.xaxis.get_major_ticks()[0].label1.get_visible()\n"
    + "ax.grid('on'); ax.grid('off'); assert not ax.get_xgridlines()[0].get_visible()",
    "legendHandles": _PLOT + "ax.plot([1, 2], label='a'); assert len(ax.legend().legendHandles) == 1",
    "rcParams of old": _PLOT
    + "plt.rcParams['text.latex.unicode'] = True\n"
    + "plt.rcParams['axes.color_cycle'] = ['r', 'g']; assert plt.rcParams['axes.color_cycle'] == ['r', 'g']",
    "mlab.normpdf": "from matplotlib.mlab import normpdf; assert abs(normpdf(0, 0, 1) - 0.3989) < 1e-4",
    "plt.plot_date": _PLOT + "assert len(plt.plot_date([1, 2], [3, 4])) == 1",
    "set_color_cycle": _PLOT + "ax.set_color_cycle(['r', 'g']); assert ax.plot([1, 2])[0].get_color() == 'r'",
    "FacetGrid(size=)": _TABLE + "import seaborn as sns; assert sns.FacetGrid(d, size=2).figure.get_figheight() == 2",
    "seaborn by places": _PLOT
    + "import seaborn as sns\nsns.lineplot([1, 2, 3], [3, 4, 5])\n"
    + "assert ax.lines[0].get_xydata().tolist()[2] == [3, 5]",
    "seaborn.tsplot": "import seaborn as sns; sns.tsplot",
}

_BUILT_IN = {
    "xrange": "assert list(xrange(3)) == [0, 1, 2]",
    "raw_input": "assert callable(raw_input)\ntry: raw_input()\nexcept (EOFError, OSError): pass",
    "unicode": "assert unicode(3) == '3' and isinstance('a', unicode)",
    "basestring": "assert isinstance('a', basestring)",
    "long": "assert long(3) == 3",
    "unichr": "assert unichr(97) == 'a'",
    "reduce": "assert reduce(lambda a, b: a + b, [1, 2, 3]) == 6",
}

_PLACES = {
    "an optimizer's decay in its place": "import keras\n"
    "made = keras.optimizers.SGD(0.1, 0.9, 1e-6, True)\n"
    "assert made.nesterov is True and made._learning_rate.decay_rate == 1e-6 and made.weight_decay is None\n"
    "made = keras.optimizers.RMSprop(0.1, 0.9, 1e-8, 0.0); assert made.epsilon == 1e-8 and made.momentum == 0\n"
    "assert keras.optimizers.Adam(0.1, 0.9, 0.99, 1e-8, 0.0).amsgrad is False",
}

EXAMPLES: dict[str, str] = {
    **_names(),
    **_TENSORFLOW,
    **_SKLEARN,
    **_NUMBERS,
    **_FRAMES,
    **_PLOTS,
    **_BUILT_IN,
    **_PLACES,
}
