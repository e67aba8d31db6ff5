"""What limits a large class: an event-driven simulation of `labgrade batch --cluster` from measured stage times.

    python benchmarks/simulate_class.py --submissions 10000 --models 200 --workers 16 64 256 --trainers 4 16

Each submission is read and run by a worker, which waits whenever its code asks for a training that nobody has asked for
before; then it is judged and its report is written. A training is done once, by one of the trainers, whoever asks
first. Popularity of models falls as 1/rank (Zipf): most groups build what the lab asks for. Times are seconds.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import click


@dataclass(frozen=True)
class Times:
    """Mean seconds of each stage; lognormal with a spread of a third, but for trainings, which vary more."""

    start: float = 6.0
    """A worker's warm image, once."""
    read: float = 0.4
    record: float = 9.0
    """The submission's own code, without its trainings."""
    judge: float = 0.15
    render: float = 3.2
    training: float = 8.0
    lookup: float = 0.05
    """A training that is in the store already."""
    scheduler: float = 0.001
    """The scheduler's own time for each task: one after another (Dask's documentation gives about 1 ms)."""


@dataclass
class Class:
    """The state of a simulated class."""

    times: Times
    workers: int
    trainers: int
    asks: list[list[int]]
    cost: dict[int, float]
    rng: random.Random
    now: float = 0.0
    events: list[tuple[float, int, str, int]] = field(default_factory=list)
    queue: deque[int] = field(default_factory=deque)
    ready: set[int] = field(default_factory=set)
    waiting: dict[int, list[int]] = field(default_factory=dict)
    trainings: deque[int] = field(default_factory=deque)
    free_trainers: int = 0
    busy: float = 0.0
    trained: float = 0.0
    waited: float = 0.0
    scheduler_free: float = 0.0
    scheduler_busy: float = 0.0
    since: dict[int, float] = field(default_factory=dict)
    place: dict[int, int] = field(default_factory=dict)
    done: int = 0

    def later(self, seconds: float, what: str, who: int) -> None:
        """`what` happens to `who` in `seconds`."""
        heapq.heappush(self.events, (self.now + seconds, len(self.events) + self.rng.getrandbits(30), what, who))

    def task(self) -> float:
        """Seconds until the scheduler has handed out one more task."""
        self.scheduler_free = max(self.scheduler_free, self.now) + self.times.scheduler
        self.scheduler_busy += self.times.scheduler
        return self.scheduler_free - self.now

    def spread(self, mean: float) -> float:
        """A time around `mean`."""
        return mean * self.rng.lognormvariate(-0.05, 0.32)

    def begin(self, submission: int) -> None:
        """A worker takes a submission."""
        self.place[submission] = 0
        work = self.spread(self.times.read) + self.spread(self.times.record) / (len(self.asks[submission]) + 1)
        self.busy += work
        self.later(self.task() + work, "ask", submission)

    def ask(self, submission: int) -> None:
        """Its code reaches the next training, or its end."""
        asked = self.asks[submission]
        while True:
            at = self.place[submission]
            if at == len(asked):
                work = self.spread(self.times.judge) + self.spread(self.times.render)
                self.busy += work
                self.later(self.task() + work, "finish", submission)
                return
            model = asked[at]
            self.place[submission] += 1
            if model in self.ready:
                work = self.times.lookup + self.spread(self.times.record) / (len(asked) + 1)
                self.busy += work
                self.later(work, "ask", submission)
                return
            self.since[submission] = self.now
            if model in self.waiting:
                self.waiting[model].append(submission)
            else:
                self.waiting[model] = [submission]
                self.trainings.append(model)
                self.train()
            return

    def train(self) -> None:
        """Free trainers take what waits."""
        while self.trainings and self.free_trainers:
            self.free_trainers -= 1
            model = self.trainings.popleft()
            self.trained += self.cost[model]
            self.later(self.task() + self.cost[model], "trained", model)

    def trained_one(self, model: int) -> None:
        """Whoever waited for it goes on."""
        self.free_trainers += 1
        self.ready.add(model)
        for submission in self.waiting.pop(model):
            self.waited += self.now - self.since.pop(submission)
            work = self.times.lookup + self.spread(self.times.record) / (len(self.asks[submission]) + 1)
            self.busy += work
            self.later(work, "ask", submission)
        self.train()

    def run(self) -> float:
        """Simulate to the end; the seconds that it took."""
        self.free_trainers = self.trainers
        self.queue.extend(range(len(self.asks)))
        for worker in range(min(self.workers, len(self.asks))):
            self.later(self.spread(self.times.start), "worker", worker)
        while self.events:
            self.now, _, what, who = heapq.heappop(self.events)
            if what == "ask":
                self.ask(who)
            elif what == "trained":
                self.trained_one(who)
            else:
                self.done += what == "finish"
                if self.queue:
                    self.begin(self.queue.popleft())
        return self.now


def simulate(submissions: int, models: int, each: int, workers: int, trainers: int, times: Times, seed: int) -> Class:
    """Grade a class of that size; its state at the end."""
    rng = random.Random(seed)
    weights = [1 / rank for rank in range(1, models + 1)]
    asks = [rng.choices(range(models), weights, k=max(1, round(rng.gauss(each, each / 3)))) for _ in range(submissions)]
    cost = {model: times.training * rng.lognormvariate(-0.32, 0.8) for model in range(models)}
    made = Class(times, workers, trainers, asks, cost, rng)
    made.run()
    return made


def limit(made: Class) -> str:
    """What the class waited for most."""
    span = made.now
    shares = {
        "workers": made.busy / (made.workers * span),
        "trainers": made.trained / (made.trainers * span),
        "scheduler": made.scheduler_busy / span,
    }
    return ", ".join(f"{name} {share:.0%}" for name, share in sorted(shares.items(), key=lambda one: -one[1]))


@click.command()
@click.option("--submissions", default=10_000, show_default=True)
@click.option("--models", default=200, show_default=True, help="Distinct trainings that the class asks for.")
@click.option("--each", default=8, show_default=True, help="Trainings that a submission asks for, on average.")
@click.option("--workers", multiple=True, type=int, default=(1, 16, 64, 256, 1024), show_default=True)
@click.option("--trainers", multiple=True, type=int, default=(1, 8, 32), show_default=True)
@click.option("--training", default=8.0, show_default=True, help="Mean seconds of one training.")
@click.option("--record", default=9.0, show_default=True, help="Mean seconds of a submission's own code.")
@click.option("--seed", default=0, show_default=True)
def main(
    submissions: int,
    models: int,
    each: int,
    workers: Sequence[int],
    trainers: Sequence[int],
    training: float,
    record: float,
    seed: int,
) -> None:
    """Print, for each size of a cluster, how long a class takes and what limits it."""
    times = Times(training=training, record=record)
    click.echo("| workers | trainers | hours | per submission | waited for trainings | busy |")
    click.echo("|---|---|---|---|---|---|")
    for many in workers:
        for few in trainers:
            if few > many:
                continue
            made = simulate(submissions, models, each, many, few, times, seed)
            assert made.done == submissions
            wait = made.waited / (made.waited + made.busy)
            each_takes = made.now / submissions
            click.echo(f"| {many} | {few} | {made.now / 3600:.2f} | {each_takes:.2f} s | {wait:.1%} | {limit(made)} |")


if __name__ == "__main__":
    main()
