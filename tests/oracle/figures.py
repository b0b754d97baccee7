"""An independent account of what a stream does, in plain Python, for shardplan to be held against.

One heap of events, floats for time and tokens, the standard library's random numbers and MD5:
nothing is shared with the Rust program, neither code nor method. Each row of SETS is played once
a seed; the table that goes to standard output holds the mean over seeds and its standard error.

    python3 figures.py > ../it/data/independent-figures.csv      (two minutes on two cores)
"""

import csv
import hashlib
import heapq
import math
import random
import sys
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, fields
from itertools import accumulate
from multiprocessing import Pool

MIB = 1 << 20
SEEDS = range(1, 9)
ARRIVAL, RETRY, POLL = 0, 1, 2


@dataclass(frozen=True)
class Work:
    """One parameter set; partition keys are key-0, key-1, ... with weights 1, 2^-s, 3^-s, ..."""

    name: str
    shards: int
    keys: int
    zipf_exponent: float
    rate_records_per_s: float
    size_mean_bytes: float
    size_sigma: float
    attempts: int
    backoff_base_ms: int
    backoff_max_ms: int
    poll_interval_ms: int
    poll_max_records: int
    duration_s: int


SETS = [
    # Reference work W1 of the benchmark, a tenth as long: one shard is offered 2.4 times its limit.
    Work("w1", 16, 100_000, 1.1, 12_000, 700, 0.6, 8, 100, 5_000, 1_000, 10_000, 60),
    # Both shards over the record limit; short waits, so retries collide with each other.
    Work("two-shards", 2, 1_000, 0.8, 2_400, 500, 0.4, 5, 50, 1_000, 1_000, 10_000, 120),
    # Wide sizes of 2.4 kB in the mean: the byte limit binds, and small records slip past it.
    Work("bytes-bind", 4, 5_000, 0.6, 2_000, 2_400, 1.0, 6, 200, 2_000, 1_000, 10_000, 120),
    # Equal keys that offer each shard its record limit, give or take 2 %: chance decides.
    Work("even-at-limit", 8, 100_000, 0.0, 8_000, 600, 0.5, 10, 100, 20_000, 1_000, 10_000, 100),
    # A refused record is given up at once.
    Work("no-retries", 3, 200, 1.0, 3_000, 900, 0.6, 1, 100, 1_000, 1_000, 10_000, 100),
    # Waits like those of a replication task: 1 s growing to 32 s.
    Work("long-waits", 4, 50_000, 1.1, 3_400, 600, 0.8, 12, 1_000, 32_000, 1_000, 10_000, 200),
    # Many shards, of which a few are hot; four quick attempts.
    Work("many-shards", 64, 10_000, 1.3, 20_000, 400, 0.3, 4, 25, 400, 500, 10_000, 20),
    # Nothing throttles, but a call returns fewer records than arrive between two calls.
    Work("reader-behind", 1, 100, 0.5, 900, 500, 0.5, 8, 100, 5_000, 1_000, 850, 300),
]


class Bucket:
    """Tokens that flow back at a constant rate, up to one second's worth."""

    __slots__ = ("tokens", "rate", "refilled_at")

    def __init__(self, rate):
        self.tokens = self.rate = float(rate)
        self.refilled_at = 0.0

    def refill(self, now):
        self.tokens = min(self.rate, self.tokens + (now - self.refilled_at) * self.rate)
        self.refilled_at = now


class Shard:
    """Two write limits, a read limit and the records that nobody has read yet."""

    __slots__ = ("bytes", "records", "read_bytes", "log")

    def __init__(self):
        self.bytes, self.records, self.read_bytes = Bucket(MIB), Bucket(1_000), Bucket(2 * MIB)
        self.log = deque()

    def accepts(self, now, size):
        self.bytes.refill(now)
        self.records.refill(now)
        if self.bytes.tokens < size or self.records.tokens < 1.0:
            return False
        self.bytes.tokens -= size
        self.records.tokens -= 1.0
        return True


def shard_of_each_key(work):
    keys = (b"key-%d" % index for index in range(work.keys))
    return [int.from_bytes(hashlib.md5(key).digest(), "big") * work.shards >> 128 for key in keys]


def quantile(ordered, share):
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)] if ordered else math.nan


def play(job):
    """Throttled ratio, given-up ratio, latency p50 and p99 in ms of one seed."""
    work, seed = job
    draw = random.Random(seed * 1_000_003 + 17)
    route = shard_of_each_key(work)
    weights = list(accumulate((n + 1) ** -work.zipf_exponent for n in range(work.keys)))
    mu = math.log(work.size_mean_bytes) - work.size_sigma**2 / 2
    base, longest = work.backoff_base_ms / 1e3, work.backoff_max_ms / 1e3
    interval = work.poll_interval_ms / 1e3
    shards = [Shard() for _ in range(work.shards)]
    generated = attempts = throttled = given_up = order = 0
    latencies = []

    events = [(draw.expovariate(work.rate_records_per_s), 0, ARRIVAL, None)]
    for index, shard in enumerate(shards):
        order += 1
        events.append(((index + 0.5) / work.shards * interval, order, POLL, shard))
    heapq.heapify(events)

    while events[0][0] < work.duration_s:
        now, _, kind, what = heapq.heappop(events)
        if kind == POLL:
            shard, read, read_bytes = what, 0, 0
            shard.read_bytes.refill(now)
            if shard.read_bytes.tokens > 0.0:
                log = shard.log
                while log and read < work.poll_max_records and read_bytes + log[0][1] <= 10 * MIB:
                    born, size = log.popleft()
                    read, read_bytes = read + 1, read_bytes + size
                    latencies.append(now - born)
                shard.read_bytes.tokens -= read_bytes
            order += 1
            heapq.heappush(events, (now + interval, order, POLL, shard))
            continue
        if kind == ARRIVAL:
            key = bisect_left(weights, draw.random() * weights[-1])
            size = min(max(int(draw.lognormvariate(mu, work.size_sigma)), 1), MIB)
            shard, born, tried = shards[route[key]], now, 0
            generated += 1
            order += 1
            following = now + draw.expovariate(work.rate_records_per_s)
            heapq.heappush(events, (following, order, ARRIVAL, None))
        else:
            shard, size, born, tried = what
        attempts += 1
        tried += 1
        if shard.accepts(now, size):
            shard.log.append((born, size))
            continue
        throttled += 1
        if tried == work.attempts:
            given_up += 1
            continue
        wait = draw.random() * min(longest, base * 2 ** (tried - 1))
        order += 1
        heapq.heappush(events, (now + wait, order, RETRY, (shard, size, born, tried)))

    latencies.sort()
    return (
        throttled / attempts,
        given_up / generated,
        quantile(latencies, 0.50) * 1e3,
        quantile(latencies, 0.99) * 1e3,
    )


def main():
    figures = ["throttled_ratio", "given_up_ratio", "latency_ms_p50", "latency_ms_p99"]
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(
        [field.name for field in fields(Work)]
        + ["seeds"]
        + [name + suffix for name in figures for suffix in ("", "_standard_error")]
    )
    with Pool(int(sys.argv[1]) if len(sys.argv) > 1 else 2) as pool:
        for work in SETS:
            runs = pool.map(play, [(work, seed) for seed in SEEDS], chunksize=1)
            row = [getattr(work, field.name) for field in fields(Work)] + [len(runs)]
            for values in zip(*runs):
                mean = sum(values) / len(values)
                variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
                error = math.sqrt(variance / len(values))
                row += [f"{mean:.6g}", f"{error:.3g}"]
            table.writerow(row)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
