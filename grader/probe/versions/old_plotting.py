"""Matplotlib and seaborn as they were called before 3 and 0.12."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from grader.facts.versions.plotting import COLOUR_MAPS, SETTINGS_GONE, STYLES_SINCE, VECTORS
from grader.probe.link import patch
from grader.probe.versions.noting import Note, read_first

When = Callable[[str, Callable[[ModuleType], None]], None]


def install(when: When, note: Note) -> None:
    """Wrap what was called otherwise."""
    when("matplotlib.style", lambda module: _styles(module, note))
    when("matplotlib.axes", lambda module: _axes(module, note))
    when("matplotlib.figure", lambda module: _figures(module, note))
    when("matplotlib.pyplot", lambda module: _pyplot(module, note))
    when("matplotlib.cm", lambda module: _maps(module, note))
    when("matplotlib.legend", lambda module: _legend(module, note))
    when("matplotlib.mlab", lambda module: _densities(module, note))
    when("matplotlib", lambda module: _settings(module, note))
    when("matplotlib.backend_bases", lambda module: _windows(module, note))
    when("seaborn", lambda module: _vectors(module, note))


def _styles(module: ModuleType, note: Note) -> None:
    use = module.use

    def read(style: object) -> object:
        if isinstance(style, list | tuple):
            return [read(item) for item in style]
        if not isinstance(style, str) or not style.startswith("seaborn") or style in module.library:
            return style
        newer = style.replace("seaborn", STYLES_SINCE, 1)
        if newer not in module.library:
            return style
        note("plt.style seaborn")
        return newer

    @functools.wraps(use)
    def use_style(style: object) -> None:
        use(read(style))

    context = module.context

    @functools.wraps(context)
    def style_context(style: object, *arguments: object, **more: object) -> object:
        return context(read(style), *arguments, **more)

    for owner in (module, getattr(module, "core", None)):
        if owner is not None:
            patch(owner, use=use_style, context=style_context)


def _face(note: Note) -> Callable[[list[object], dict[str, object]], None]:
    def prepare(places: list[object], more: dict[str, object]) -> None:
        if "axisbg" in more:
            note("axisbg=")
            more["facecolor"] = more.pop("axisbg")
        if "axis_bgcolor" in more:
            note("axisbg=")
            more["facecolor"] = more.pop("axis_bgcolor")

    return prepare


def _axes(module: ModuleType, note: Note) -> None:
    axes = module.Axes

    def set_background(self: Any, colour: object) -> None:
        note("set_axis_bgcolor")
        self.set_facecolor(colour)

    def background(self: Any) -> object:
        note("set_axis_bgcolor")
        return self.get_facecolor()

    def set_cycle(self: Any, *colours: object) -> None:
        note("set_color_cycle")
        self.set_prop_cycle(color=colours[0] if colours and not isinstance(colours[0], str) else list(colours))

    patch(
        axes,
        set_axis_bgcolor=set_background,
        get_axis_bgcolor=background,
        set_color_cycle=set_cycle,
        hold=_hold(note),
        plot_date=_plot_date(note),
        __init__=read_first(axes.__init__, _face(note)),
        tick_params=read_first(axes.tick_params, _switches(note)),
        grid=read_first(axes.grid, _switches(note)),
        imshow=read_first(axes.imshow, _colours(note)),
        scatter=read_first(axes.scatter, _colours(note)),
        matshow=read_first(axes.matshow, _colours(note)),
    )


def _hold(note: Note) -> Callable[..., None]:
    def hold(*arguments: object, **more: object) -> None:
        note("plt.hold")

    return hold


def _plot_date(note: Note) -> Callable[..., object]:
    def plot_date(self: Any, x: object, y: object, fmt: str = "o", *arguments: object, **more: object) -> object:
        note("plt.plot_date")
        return self.plot(
            x, y, fmt, **{key: value for key, value in more.items() if key not in ("xdate", "ydate", "tz")}
        )

    return plot_date


def _switches(note: Note) -> Callable[[list[object], dict[str, object]], None]:
    words = {"on": True, "off": False}

    def prepare(places: list[object], more: dict[str, object]) -> None:
        for at, place in enumerate(places):
            if isinstance(place, str) and place in words:
                note("labelbottom='off'")
                places[at] = words[place]
        for name, value in more.items():
            if isinstance(value, str) and value in words:
                note("labelbottom='off'")
                more[name] = words[value]

    return prepare


def _colours(note: Note) -> Callable[[list[object], dict[str, object]], None]:
    def prepare(places: list[object], more: dict[str, object]) -> None:
        value = more.get("cmap")
        if isinstance(value, str) and value in COLOUR_MAPS:
            note("cmap='spectral'")
            more["cmap"] = COLOUR_MAPS[value]

    return prepare


def _figures(module: ModuleType, note: Note) -> None:
    figure = module.Figure
    gca = figure.gca

    @functools.wraps(gca)
    def current(self: Any, **more: object) -> object:
        if more:
            note("gca(projection=)")
            return self.add_subplot(**more)
        return gca(self)

    patch(figure, gca=current)


def _pyplot(module: ModuleType, note: Note) -> None:
    get_cmap = module.get_cmap

    @functools.wraps(get_cmap)
    def named(name: object = None, lut: object = None) -> object:
        if isinstance(name, str) and name in COLOUR_MAPS:
            note("cmap='spectral'")
            name = COLOUR_MAPS[name]
        return get_cmap(name, lut)

    def plot_date(*arguments: object, **more: object) -> object:
        return module.gca().plot_date(*arguments, **more)

    patch(module, hold=_hold(note), get_cmap=named, plot_date=plot_date)
    for name in ("grid", "tick_params"):
        patch(module, **{name: read_first(getattr(module, name), _switches(note), bound=False)})


def _maps(module: ModuleType, note: Note) -> None:
    original: Callable[[str], object] | None = getattr(module, "__getattr__", None)

    def find(name: str) -> object:
        import matplotlib
        from matplotlib import pyplot

        if name == "get_cmap":
            note("plt.cm.get_cmap")
            return pyplot.get_cmap
        if name in COLOUR_MAPS:
            note("cmap='spectral'")
            return matplotlib.colormaps[COLOUR_MAPS[name]]
        if original is not None:
            return original(name)
        raise AttributeError(f"module 'matplotlib.cm' has no attribute {name!r}")

    patch(module, __getattr__=find)


def _legend(module: ModuleType, note: Note) -> None:
    def handles(self: Any) -> object:
        note("legendHandles")
        return self.legend_handles

    patch(module.Legend, legendHandles=property(handles))


def _densities(module: ModuleType, note: Note) -> None:
    def normpdf(x: Any, mu: float, sigma: float) -> object:
        from scipy.stats import norm

        note("mlab.normpdf")
        return norm.pdf(x, mu, sigma)

    patch(module, normpdf=normpdf)


def _settings(module: ModuleType, note: Note) -> None:
    settings = type(module.rcParams)
    put, get = settings.__setitem__, settings.__getitem__

    def put_setting(self: object, key: str, value: Any) -> None:
        if key in SETTINGS_GONE:
            note("rcParams of old")
            if key == SETTINGS_GONE[0]:
                from cycler import cycler

                put(self, "axes.prop_cycle", cycler(color=value))
            return
        put(self, key, value)

    def get_setting(self: object, key: str) -> object:
        if key == SETTINGS_GONE[0]:
            note("rcParams of old")
            return get(self, "axes.prop_cycle").by_key()["color"]
        return get(self, key)

    patch(settings, __setitem__=put_setting, __getitem__=get_setting)


def _windows(module: ModuleType, note: Note) -> None:
    def set_window_title(self: Any, title: str) -> None:
        note("set_window_title")
        if self.manager is not None:
            self.manager.set_window_title(title)

    patch(module.FigureCanvasBase, set_window_title=set_window_title)


def _vectors(module: ModuleType, note: Note) -> None:
    """`barplot(x, y)`, where the first place is the table of data today."""

    def prepare(places: list[object], more: dict[str, object]) -> None:
        if len(places) >= 2 and not {"x", "y"} & more.keys():
            note("seaborn by places")
            more["x"], more["y"] = places[:2]
            if len(places) > 2:
                more.setdefault("hue", places[2])
            places.clear()

    for name in VECTORS:
        patch(module, **{name: read_first(getattr(module, name), prepare, bound=False)})
