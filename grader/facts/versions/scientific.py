"""What older NumPy, SciPy, scikit-learn, pandas and Pillow called otherwise."""

from __future__ import annotations

from grader.facts.versions.difference import Difference

MODULES = {
    "sklearn.cross_validation": "sklearn.model_selection",
    "sklearn.grid_search": "sklearn.model_selection",
    "sklearn.learning_curve": "sklearn.model_selection",
    "sklearn.externals.joblib": "joblib",
    "sklearn.datasets.samples_generator": "sklearn.datasets",
    "sklearn.metrics.scorer": "sklearn.metrics",
    "sklearn.metrics.classification": "sklearn.metrics",
    "sklearn.preprocessing.data": "sklearn.preprocessing",
    "sklearn.preprocessing.imputation": "sklearn.preprocessing",
    "sklearn.preprocessing.label": "sklearn.preprocessing",
    "sklearn.ensemble.forest": "sklearn.ensemble",
    "sklearn.tree.tree": "sklearn.tree",
    "sklearn.linear_model.base": "sklearn.linear_model",
    "sklearn.linear_model.logistic": "sklearn.linear_model",
    "sklearn.cluster.k_means_": "sklearn.cluster",
    "sklearn.svm.classes": "sklearn.svm",
    "sklearn.neural_network.multilayer_perceptron": "sklearn.neural_network",
    "sklearn.decomposition.pca": "sklearn.decomposition",
    "sklearn.manifold.t_sne": "sklearn.manifold",
    "sklearn.utils.testing": "sklearn.utils._testing",
    "sklearn.lda": "sklearn.discriminant_analysis",
    "sklearn.qda": "sklearn.discriminant_analysis",
    "mpl_toolkits.axes_grid": "mpl_toolkits.axes_grid1",
    "pandas.tools": "pandas",
    "pandas.tools.plotting": "pandas.plotting",
    "numpy.linalg.linalg": "numpy.linalg",
}
"""Module -> where its content is now."""

NAMES: dict[str, dict[str, str]] = {
    "numpy": {
        **{name: f"builtins.{name}" for name in ("int", "float", "object", "complex")},
        **dict.fromkeys(("str", "unicode", "unicode_", "str0"), "builtins.str"),
        "bool8": "numpy.bool_",
        "float_": "numpy.float64",
        "longfloat": "numpy.longdouble",
        **dict.fromkeys(("complex_", "cfloat"), "numpy.complex128"),
        "int0": "numpy.intp",
        "uint0": "numpy.uintp",
        "string_": "numpy.bytes_",
        **dict.fromkeys(("Inf", "Infinity", "infty", "PINF"), "numpy.inf"),
        "NaN": "numpy.nan",
        "product": "numpy.prod",
        "cumproduct": "numpy.cumprod",
        "sometrue": "numpy.any",
        "alltrue": "numpy.all",
        "in1d": "numpy.isin",
        "trapz": "numpy.trapezoid",
        "round_": "numpy.round",
        "rank": "numpy.ndim",
        "alen": "builtins.len",
    },
    "scipy.integrate": {"trapz": "trapezoid", "simps": "simpson", "cumtrapz": "cumulative_trapezoid"},
    "scipy.signal": {name: f"scipy.signal.windows.{name}" for name in ("gaussian", "hann", "hamming", "blackman")},
    "scipy.linalg": {"pinv2": "pinv"},
    "sklearn.preprocessing": {"Imputer": "sklearn.impute.SimpleImputer"},
    "sklearn.decomposition": {"RandomizedPCA": "PCA"},
    "sklearn.discriminant_analysis": {"LDA": "LinearDiscriminantAnalysis", "QDA": "QuadraticDiscriminantAnalysis"},
    "pandas": {"datetime": "datetime.datetime", "scatter_matrix": "pandas.plotting.scatter_matrix"},
    "seaborn": {"factorplot": "catplot"},
    "PIL.Image": {"ANTIALIAS": "LANCZOS", "LINEAR": "BILINEAR", "CUBIC": "BICUBIC"},
}
"""Module -> name that it had -> path of the same thing today; without a dot, in the same module."""

_DRAWING: dict[str, dict[str, str]] = {
    "hist": {"normed": "density"},
    "bar": {"left": "x"},
    "boxplot": {"labels": "tick_labels"},
    "annotate": {"s": "text"},
    "grid": {"b": "visible"},
}

ARGUMENTS: dict[str, dict[str, str]] = {
    "sklearn.preprocessing.OneHotEncoder": {"sparse": "sparse_output"},
    "sklearn.ensemble.AdaBoostClassifier": {"base_estimator": "estimator"},
    "sklearn.ensemble.BaggingClassifier": {"base_estimator": "estimator"},
    "sklearn.cluster.AgglomerativeClustering": {"affinity": "metric"},
    "sklearn.linear_model.SGDClassifier": {"n_iter": "max_iter"},
    "sklearn.linear_model.Perceptron": {"n_iter": "max_iter"},
    "sklearn.manifold.TSNE": {"n_iter": "max_iter"},
    "pandas.DataFrame.to_csv": {"line_terminator": "lineterminator"},
    "seaborn.FacetGrid": {"size": "height"},
    **{
        f"{home}.{name}": arguments
        for name, arguments in _DRAWING.items()
        for home in ("matplotlib.axes.Axes", "matplotlib.pyplot")
    },
    "matplotlib.axes.Axes.set_title": {"s": "label"},
    "matplotlib.pyplot.title": {"s": "label"},
    **{
        f"matplotlib.axes.Axes.{name}": {f"base{axis}": "base", f"nonpos{axis}": "nonpositive"}
        for axis in "xy"
        for name in (f"set_{axis}scale", f"semilog{axis}")
    },
}
"""Callable -> old argument -> argument today."""

DROPPED: dict[str, tuple[str, ...]] = {
    "sklearn.linear_model.LogisticRegression": ("multi_class",),
    "sklearn.cluster.KMeans": ("n_jobs",),
    "sklearn.model_selection.GridSearchCV": ("iid",),
    "sklearn.model_selection.RandomizedSearchCV": ("iid",),
    "matplotlib.use": ("warn",),
    "matplotlib.axes.Axes.plot": ("hold",),
    "matplotlib.axes.Axes.stem": ("use_line_collection",),
    "matplotlib.pyplot.stem": ("use_line_collection",),
    "matplotlib.axes.Axes.scatter": ("verts",),
    "matplotlib.figure.Figure.savefig": ("frameon",),
}
"""Callable -> arguments that change nothing today."""

VALUES: dict[str, dict[str, dict[object, object]]] = {
    "sklearn.linear_model.SGDClassifier": {"loss": {"log": "log_loss", "squared_loss": "squared_error"}},
    "sklearn.linear_model.LogisticRegression": {"penalty": {"none": None}},
    "sklearn.ensemble.RandomForestClassifier": {"max_features": {"auto": "sqrt"}},
    "sklearn.ensemble.RandomForestRegressor": {
        "max_features": {"auto": 1.0},
        "criterion": {"mse": "squared_error", "mae": "absolute_error"},
    },
    "sklearn.tree.DecisionTreeRegressor": {"criterion": {"mse": "squared_error", "mae": "absolute_error"}},
    "sklearn.ensemble.GradientBoostingClassifier": {"loss": {"deviance": "log_loss"}},
    "sklearn.ensemble.GradientBoostingRegressor": {"loss": {"ls": "squared_error", "lad": "absolute_error"}},
}
"""Callable -> argument -> what its values are called today."""

MADE = {
    "plot_confusion_matrix": "plot_confusion_matrix was read as ConfusionMatrixDisplay.from_estimator.",
    "plot_roc_curve": "plot_roc_curve was read as RocCurveDisplay.from_estimator.",
    "plot_precision_recall_curve": "plot_precision_recall_curve was read as its Display's from_estimator.",
    "mean_squared_error(squared=)": "mean_squared_error(squared=False) was read as root_mean_squared_error.",
    "get_feature_names": "get_feature_names() was read as get_feature_names_out().",
    "scipy.misc": "A function of scipy.misc was done with Pillow, as it was then.",
    "np.asscalar": "np.asscalar(a) was read as a.item().",
    "np.asfarray": "np.asfarray(a) was read as an array of decimals.",
    "np.msort": "np.msort(a) was read as np.sort(a, axis=0).",
    "DataFrame.append": "append was read as pd.concat.",
    "DataFrame.as_matrix": "as_matrix() was read as to_numpy().",
    "DataFrame.iteritems": "iteritems() was read as items().",
    "DataFrame.applymap": "applymap was read as map.",
    "DataFrame.sort": "sort was read as sort_values.",
    "DataFrame.get_value": "get_value was read as .at.",
    "DataFrame.ix": ".ix was read as .loc, and as .iloc where its labels are no numbers.",
    "drop(label, axis)": "drop's second argument was read as axis, as before pandas 2.",
    "pd.concat(frames, axis)": "concat's second argument was read as axis, as before pandas 3.",
    "fillna(method=)": "fillna(method=) was read as ffill() or bfill().",
    "pd.value_counts": "pd.value_counts(s) was read as s.value_counts().",
    "pd.rolling_mean": "pd.rolling_mean(s, n) was read as s.rolling(n).mean().",
    "read_csv(error_bad_lines=)": "error_bad_lines=False was read as on_bad_lines='skip'.",
}
"""Key -> sentence of what is made in the probe."""

_LOST = {
    "sklearn.datasets.load_boston": ("scikit-learn 1.2", r"ImportError: \s*`load_boston` has been removed"),
    "sklearn.datasets.fetch_mldata": ("scikit-learn 0.22", r"(?:module 'sklearn.*|cannot import name )'fetch_mldata'"),
    "jaccard_similarity_score": (
        "scikit-learn 0.23",
        r"(?:module 'sklearn.*|cannot import name )'jaccard_similarity_score'",
    ),
    "OneHotEncoder(categorical_features=)": (
        "scikit-learn 0.22",
        r"unexpected keyword argument 'categorical_features'",
    ),
    "LinearRegression(normalize=)": ("scikit-learn 1.2", r"TypeError: \w+\.__init__\(\) got .*argument 'normalize'"),
    "cross_validation.KFold(n)": ("scikit-learn 0.20", r"TypeError: (?:'\w*Fold' object is not iterable|.*'n_folds')"),
    "GridSearchCV.grid_scores_": ("scikit-learn 0.20", r"AttributeError: '\w+' object has no attribute 'grid_scores_'"),
    "a number of an array": ("NumPy 2.4", r"TypeError: only 0-dimensional arrays can be converted to Python scalars"),
    "np.array(copy=False)": ("NumPy 2.0", r"ValueError: Unable to avoid copy while creating an array as requested"),
    "np.cast": (
        "NumPy 2.0",
        r"AttributeError: .*`?np\.(?:cast|source|lookfor|find_common_type|geterrobj)`? was removed",
    ),
    "pd.Panel": ("pandas 1.0", r"(?:AttributeError: module 'pandas'.*|cannot import name )'(?:Panel|TimeGrouper)'"),
    "DataFrame.lookup": ("pandas 2.0", r"AttributeError: 'DataFrame' object has no attribute '(?:lookup|mad|select)'"),
    "seaborn.tsplot": ("seaborn 0.9", r"(?:AttributeError: module 'seaborn'.*|cannot import name )'tsplot'"),
    "scipy.misc.face": (
        "SciPy 1.12",
        r"(?:module 'scipy.misc'.*|cannot import name )'(?:face|ascent|lena)'",
    ),
}

_SINCE = {
    "sklearn.cross_validation": "scikit-learn 0.20",
    "sklearn.grid_search": "scikit-learn 0.20",
    "sklearn.learning_curve": "scikit-learn 0.20",
    "sklearn.externals": "scikit-learn 0.23",
    "sklearn.lda": "scikit-learn 0.19",
    "sklearn.qda": "scikit-learn 0.19",
    "sklearn.preprocessing.OneHotEncoder": "scikit-learn 1.4",
    "sklearn.manifold.TSNE": "scikit-learn 1.7",
    "sklearn": "scikit-learn 0.22 to 1.4",
    "plot_": "scikit-learn 1.2",
    "mean_squared_error": "scikit-learn 1.6",
    "get_feature_names": "scikit-learn 1.2",
    "numpy": "NumPy 1.24 to 2.4",
    "np.": "NumPy 1.23 to 2.0",
    "scipy.misc": "SciPy 1.2 to 1.12",
    "scipy": "SciPy 1.7 to 1.14",
    "pandas": "pandas 0.23 to 2.0",
    "pd.": "pandas 0.23 to 3.0",
    "DataFrame": "pandas 0.20 to 3.0",
    "drop(": "pandas 2.0",
    "fillna(": "pandas 3.0",
    "read_csv": "pandas 2.0",
    "seaborn": "seaborn 0.9",
    "matplotlib": "Matplotlib 2.2 to 3.11",
    "mpl_toolkits": "Matplotlib 3.8",
    "PIL": "Pillow 10",
}
"""Start of a path or key -> the version that dropped it, or those between which the forms here were dropped."""


def rows() -> list[Difference]:
    """All of them."""
    found = [
        Difference(old, f"The module {old} was found at {new}, its place today.", _since(old))
        for old, new in MODULES.items()
    ]
    for module, names in NAMES.items():
        short = "np" if module == "numpy" else module
        found += [
            Difference(f"{short}.{old}", f"{short}.{old} was read as {_today(module, new)}.", _since(module))
            for old, new in names.items()
        ]
    for owner, arguments in ARGUMENTS.items():
        name = owner.rsplit(".", 1)[-1]
        found += [
            Difference(f"{name}({old}=)", f"{name}'s {old}= was read as {new}=.", _since(owner))
            for old, new in arguments.items()
        ]
    for owner, dropped in DROPPED.items():
        name = owner.rsplit(".", 1)[-1]
        found += [
            Difference(f"{name}({old}=)", f"{name}'s {old}= was left out: it changes nothing today.", _since(owner))
            for old in dropped
        ]
    for owner, values in VALUES.items():
        name = owner.rsplit(".", 1)[-1]
        found += [
            Difference(
                f"{name}({argument}={old!r})", f"{name}'s {argument}={old!r} was read as {new!r}.", _since(owner)
            )
            for argument, table in values.items()
            for old, new in table.items()
        ]
    found += [Difference(key, now, _since(key)) for key, now in MADE.items()]
    found += [
        Difference(key, f"This is gone since {since}, and nothing today means the same.", since, error=error)
        for key, (since, error) in _LOST.items()
    ]
    return found


def _since(path: str) -> str:
    """The version that dropped it, where a library dropped all that is here in one; else those between which it did."""
    return next(version for start, version in _SINCE.items() if path.startswith(start))


def _today(module: str, path: str) -> str:
    if path.startswith("builtins."):
        return f"Python's {path.removeprefix('builtins.')}"
    return (path if "." in path else f"{module}.{path}").replace("numpy.", "np.")
