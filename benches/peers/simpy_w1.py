"""Reference work W1 in SimPy, a process a record, as its tutorial teaches it.

Prints one JSON object; the benchmark starts it and shows its figures beside the others.
    python3 simpy_w1.py SIMULATED_SECONDS [SHARDS] [KEYS] [EXPONENT] [RATE] [SEED]
"""

import hashlib
import json
import math
import random
import sys
import time
from bisect import bisect_left
from collections import deque
from itertools import accumulate

import simpy

MIB = 1 << 20
ATTEMPTS, BACKOFF_BASE, BACKOFF_MAX = 8, 0.1, 5.0
SIZE_MEAN, SIZE_SIGMA = 700.0, 0.6


def argument(position, default):
    return type(default)(sys.argv[position]) if len(sys.argv) > position else default


DURATION = argument(1, 60.0)
SHARDS = argument(2, 16)
KEYS = argument(3, 100_000)
EXPONENT = argument(4, 1.1)
RATE = argument(5, 12_000.0)
SEED = argument(6, 1)


class TokenBucket:
    __slots__ = ("tokens", "per_second", "refilled_at")

    def __init__(self, per_second):
        self.tokens = self.per_second = float(per_second)
        self.refilled_at = 0.0

    def refill(self, now):
        returned = (now - self.refilled_at) * self.per_second
        self.tokens = min(self.per_second, self.tokens + returned)
        self.refilled_at = now


class Shard:
    __slots__ = ("records", "bytes", "read_bytes", "log")

    def __init__(self):
        self.records, self.bytes = TokenBucket(1_000), TokenBucket(MIB)
        self.read_bytes, self.log = TokenBucket(2 * MIB), deque()

    def accepts(self, now, size):
        self.records.refill(now)
        self.bytes.refill(now)
        if self.records.tokens < 1.0 or self.bytes.tokens < size:
            return False
        self.records.tokens -= 1.0
        self.bytes.tokens -= size
        return True


class Counts:
    records = attempts = accepted = throttled = given_up = delivered = 0


env = simpy.Environment()
draw = random.Random(SEED)
counts = Counts()
latencies = []


def record(shard, size):
    """The life of one record: attempts with full-jitter waits between them."""
    created = env.now
    for attempt in range(1, ATTEMPTS + 1):
        counts.attempts += 1
        if shard.accepts(env.now, size):
            counts.accepted += 1
            shard.log.append((created, size))
            return
        counts.throttled += 1
        if attempt < ATTEMPTS:
            bound = min(BACKOFF_MAX, BACKOFF_BASE * 2 ** (attempt - 1))
            yield env.timeout(draw.random() * bound)
    counts.given_up += 1


def producer(shards, route, weights, mu):
    while True:
        yield env.timeout(draw.expovariate(RATE))
        key = bisect_left(weights, draw.random() * weights[-1])
        size = min(max(int(draw.lognormvariate(mu, SIZE_SIGMA)), 1), MIB)
        counts.records += 1
        env.process(record(shards[route[key]], size))


def consumer(index, shard):
    yield env.timeout((index + 0.5) / SHARDS)
    while True:
        shard.read_bytes.refill(env.now)
        if shard.read_bytes.tokens > 0.0:
            read = read_bytes = 0
            while shard.log and read < 10_000 and read_bytes + shard.log[0][1] <= 10 * MIB:
                created, size = shard.log.popleft()
                read, read_bytes = read + 1, read_bytes + size
                latencies.append(env.now - created)
            shard.read_bytes.tokens -= read_bytes
            counts.delivered += read
        yield env.timeout(1.0)


def hash_key(key):
    return int.from_bytes(hashlib.md5(b"key-%d" % key).digest(), "big")


def quantile_ms(share):
    return latencies[max(0, math.ceil(len(latencies) * share) - 1)] * 1e3 if latencies else None


def main():
    route = [hash_key(key) * SHARDS >> 128 for key in range(KEYS)]
    weights = list(accumulate((key + 1) ** -EXPONENT for key in range(KEYS)))
    shards = [Shard() for _ in range(SHARDS)]
    env.process(producer(shards, route, weights, math.log(SIZE_MEAN) - SIZE_SIGMA**2 / 2))
    for index, shard in enumerate(shards):
        env.process(consumer(index, shard))
    wall, cpu = time.perf_counter(), time.process_time()
    env.run(until=DURATION)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    latencies.sort()
    print(json.dumps({
        "simpy": simpy.__version__,
        "wall_seconds": wall,
        "cpu_seconds": cpu,
        "records": counts.records,
        "attempts": counts.attempts,
        "accepted": counts.accepted,
        "throttled": counts.throttled,
        "given_up": counts.given_up,
        "delivered": counts.delivered,
        "latency_ms": {"p50": quantile_ms(0.5), "p99": quantile_ms(0.99), "p999": quantile_ms(0.999)},
    }))


main()
