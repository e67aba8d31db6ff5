"""Strangers by the thousand: composes hand-ins whose truth is known, checks them, and prints how labgrade does.

    python tests/strangers/run.py --lab LAB --many 500 --seed 1 [--only TRANSFORM ...] [--pairs] [--out FILE]
    python tests/strangers/run.py --lab LAB --seed 1 --number 17 --write FOLDER     one hand-in, to look at
    python tests/strangers/run.py --lab LAB --list                                  the transforms

`--out` is a file of one JSON line a hand-in; what stands in it is not checked again, so that a run can be interrupted.
The table goes to the terminal, and beside the file as `.txt` and `.json`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

from generator.checking import check, opened, options_for  # noqa: E402
from generator.compose import Recipe, compose, fitting, pairs, recipe  # noqa: E402
from generator.render import write  # noqa: E402
from generator.small_data import write_small_data  # noqa: E402
from generator.table import as_json, render  # noqa: E402
from generator.transforms import all_transforms  # noqa: E402

from grader.options import default_cache  # noqa: E402


def main() -> None:
    """Read the arguments and do what they say."""
    arguments = _arguments()
    if arguments.small:
        arguments.data = write_small_data((arguments.cache or default_cache()) / "strangers")
    if arguments.list:
        usable = fitting(arguments.lab)
        for name, one in all_transforms().items():
            print(f"{one.kind:10} {name:32} {'' if name in usable else '(not in this lab) '}{one.says}")
        return
    if arguments.number is not None:
        _one(arguments)
        return
    recipes = _recipes(arguments)
    done = _read(arguments.out)
    known = {str(outcome["key"]) for outcome in done}
    waiting = [one for one in recipes if one.key not in known]
    for outcome in _checked(waiting, arguments):
        done.append(outcome)
        if arguments.out:
            with arguments.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(outcome) + "\n")
        print(f"{outcome['key']} {outcome['seconds']:.1f} s {' + '.join(outcome['applied'])}", file=sys.stderr)  # type: ignore[arg-type]
    table = render(done)
    print(table)
    if arguments.out:
        arguments.out.with_suffix(".txt").write_text(table, encoding="utf-8")
        arguments.out.with_suffix(".json").write_text(json.dumps(as_json(done), indent=1), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", default="dat405-neural-networks")
    parser.add_argument("--many", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--number", type=int)
    parser.add_argument("--with", dest="names", nargs="+", default=[], help="the transforms of the one hand-in")
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--pairs", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--data", type=Path, help="folder of data sets; default: what labgrade finds, or its stand-ins")
    parser.add_argument("--small", action="store_true", help="on data sets of 300 rows, made for this")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--list", action="store_true")
    return parser.parse_args()


def _recipes(arguments: argparse.Namespace) -> list[Recipe]:
    if arguments.pairs:
        return pairs(arguments.lab, arguments.seed, arguments.only)[: arguments.many]
    return [recipe(arguments.lab, arguments.seed, number, arguments.only) for number in range(arguments.many)]


def _one(arguments: argparse.Namespace) -> None:
    """Compose one hand-in; write it, check it, and print everything that went wrong."""
    chosen = recipe(arguments.lab, arguments.seed, arguments.number, arguments.only)
    if arguments.number >= 100_000:
        chosen = next(one for one in pairs(arguments.lab, arguments.seed) if one.number == arguments.number)
    if arguments.names:
        chosen = Recipe(arguments.lab, arguments.seed, arguments.number, tuple(arguments.names))
    if arguments.write:
        write(compose(chosen), arguments.write / "group")
    options = options_for(arguments.lab, arguments.data, arguments.cache)
    with opened(options) as session:
        outcome = check(chosen, options, session, arguments.write)
    print(json.dumps(outcome.as_json(), indent=1, ensure_ascii=False))


def _read(out: Path | None) -> list[dict[str, object]]:
    if out is None or not out.is_file():
        return []
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines() if line.endswith("}")]


def _checked(recipes: list[Recipe], arguments: argparse.Namespace) -> Iterator[dict[str, object]]:
    options = options_for(arguments.lab, arguments.data, arguments.cache)
    if arguments.workers < 2:
        with opened(options) as session:
            for one in recipes:
                yield check(one, options, session).as_json()
        return
    parts = [recipes[at :: arguments.workers * 8] for at in range(arguments.workers * 8)]
    with ProcessPoolExecutor(arguments.workers, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(_some, part, arguments) for part in parts if part]):
            yield from future.result()


def _some(recipes: list[Recipe], arguments: argparse.Namespace) -> list[dict[str, object]]:
    arguments.workers = 1
    return list(_checked(recipes, arguments))


if __name__ == "__main__":
    main()
