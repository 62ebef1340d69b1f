"""Writes what Locust measured as a run file of perfgate, without Locust's rounding and up to the last request.

Copy this file beside the locustfile and add `import perfgate_listener` to it. Locust 2.15 or newer, one process or
a master with workers. PERFGATE_OUTPUT names the file; by default it is perfgate-results/locust-<time>.json.

Successful requests are counted in the buckets of an HdrHistogram of three digits, in microseconds, so memory does not
grow with the number of requests. Failed ones are counted as errors and are no part of the latency.
"""

import base64
import json
import logging
import os
import struct
import time
import zlib
from collections import Counter

import gevent
import locust
from locust import events
from locust.runners import MasterRunner, WorkerRunner


class Endpoint:
    def __init__(self):
        self.requests, self.failures, self.buckets = 0, 0, Counter()

    def add(self, requests, failures, buckets):
        self.requests += requests
        self.failures += failures
        for bucket, count in buckets:
            self.buckets[bucket] += count


class Run:
    """One test; Locust's web page starts several in one process."""

    def __init__(self):
        self.clear()
        self.path, self.began, self.ended_early, self.users = None, None, False, []

    def clear(self):
        self.endpoints, self.first, self.last = {}, float("inf"), 0.0
        # Some versions and clients of Locust tell whole milliseconds only.
        self.is_whole = True

    def add(self, name, *counts):
        self.endpoints.setdefault(name, Endpoint()).add(*counts)

    def spans(self, first, last):
        self.first, self.last = min(self.first, first), max(self.last, last)


run = Run()


def bucket_of(ms):
    """The index of a count in an HdrHistogram with the lowest value 1 and three digits."""
    us = round(ms * 1000)
    shift = max(0, us.bit_length() - 11)
    return (shift << 10) + (us >> shift)


def encoded(buckets):
    """HdrHistogram's V2 encoding: ZigZag LEB128 of each count, and of minus the length of each run of zeros."""
    numbers, following = [], 0
    for bucket, count in sorted(buckets.items()):
        if bucket > following:
            numbers.append(following - bucket)
        numbers.append(count)
        following = bucket + 1
    counts = bytearray()
    for number in numbers:
        zigzag = number * 2 if number >= 0 else -number * 2 - 1
        while zigzag > 127:
            counts.append(zigzag & 127 | 128)
            zigzag >>= 7
        counts.append(zigzag)
    shift = max(0, (max(buckets) >> 10) - 1)
    highest = max(4096, 2048 << shift)
    head = struct.pack(">iiiiqqd", 0x1C849313, len(counts), 0, 3, 1, highest, 1.0)
    packed = zlib.compress(head + bytes(counts))
    return base64.b64encode(struct.pack(">ii", 0x1C849314, len(packed)) + packed).decode()


def asked_users(runner):
    """The number of users that was asked for; of one that changed, the highest if it was held."""
    if not runner.environment.shape_class and len(run.users) < 2:
        return runner.target_user_count
    held, ends = Counter(), [at for at, _ in run.users[1:]] + [run.last]
    for (at, users), end in zip(run.users, ends):
        held[users] += max(0.0, end - at)
    highest = max(held, default=0)
    return highest if held[highest] >= max(2, sum(held.values()) / 5) else None


def metrics(endpoint, seconds):
    of = {"errors": {"better": "lower", "count": endpoint.failures, "of": endpoint.requests}}
    if seconds > 0:
        rate = endpoint.requests / seconds
        of["throughput"] = {"unit": "req/s", "better": "higher", "value": rate}
    if endpoint.buckets:
        latency = {"unit": "ms", "better": "lower", "scale": 0.001}
        if run.is_whole:
            latency["resolution"] = 1
        of["latency"] = {**latency, "histogram": encoded(endpoint.buckets)}
    return of


def warnings(runner):
    if runner.cpu_warning_emitted or getattr(runner, "worker_cpu_warning_emitted", False):
        yield "Locust itself used more than 90 % of a CPU, so its times may be its own"
    errors = sorted(runner.stats.errors.values(), key=lambda error: -error.occurrences)
    for error in errors[:5]:
        what = error.parse_error(error.error)[:200]
        yield f"{error.method} {error.name} failed {error.occurrences} times with {what}".strip()


def write(runner):
    if not run.endpoints or run.path is None:
        return
    seconds = round(run.last - run.first, 6)
    total = Endpoint()
    for endpoint in run.endpoints.values():
        total.add(endpoint.requests, endpoint.failures, endpoint.buckets.items())
    subjects = {name: metrics(endpoint, seconds) for name, endpoint in run.endpoints.items()}
    if "Aggregated" not in subjects:
        of_all = metrics(total, seconds)
        subjects["Aggregated"] = {name: {**of_all[name], "role": "total"} for name in of_all}
    document = {
        "schema": "perfgate.run/1",
        "tool": {"name": "locust", "version": locust.__version__},
        "started_at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(run.first))
        + f".{int(run.first % 1 * 1000):03}Z",
        "duration_s": seconds,
        "subjects": subjects,
    }
    users = asked_users(runner)
    if users:
        document["load"] = {"terms": {"users": str(users)}}
    if run.ended_early:
        document["partial"] = True
    told = list(warnings(runner))
    if told:
        document["warnings"] = told
    os.makedirs(os.path.dirname(run.path) or ".", exist_ok=True)
    with open(run.path + ".part", "w", encoding="utf-8", errors="replace") as file:
        json.dump(document, file, ensure_ascii=False)
        file.write("\n")
    os.replace(run.path + ".part", run.path)
    logging.getLogger(__name__).info("perfgate: wrote %s", run.path)


@events.request.add_listener
def on_request(request_type, name, response_time, exception=None, **_):
    subject = f"{request_type or ''} {name}".strip() or "unnamed"
    timed = response_time is not None and not exception
    ms = max(0.0, float(response_time or 0))
    now = time.time()
    run.is_whole &= not timed or isinstance(response_time, int)
    run.add(subject, 1, 1 if exception else 0, [(bucket_of(ms), 1)] if timed else [])
    run.spans(now - ms / 1000, now)


@events.report_to_master.add_listener
def on_report_to_master(data, **_):
    # Lists, because keys of other kinds than text do not travel.
    counts = [
        [name, endpoint.requests, endpoint.failures, list(endpoint.buckets.items())]
        for name, endpoint in run.endpoints.items()
    ]
    data["perfgate"] = {
        "counts": counts,
        "first": run.first,
        "last": run.last,
        "whole": run.is_whole,
    }
    run.clear()


@events.worker_report.add_listener
def on_worker_report(data, **_):
    report = data.get("perfgate")
    if report and report["counts"]:
        for name, *counts in report["counts"]:
            run.add(name, *counts)
        run.spans(report["first"], report["last"])
        run.is_whole &= report["whole"]


@events.init.add_listener
def on_init(environment, runner, **_):
    def on_test_start(**_):
        run.__init__()
        run.began = time.time()
        name = time.strftime("perfgate-results/locust-%Y%m%dT%H%M%SZ.json", time.gmtime())
        run.path = os.environ.get("PERFGATE_OUTPUT") or name

    def on_spawning_complete(**_):
        if environment.reset_stats:
            run.clear()
        run.users.append((time.time(), runner.target_user_count))

    def on_test_stopping(**_):
        asked = getattr(environment.parsed_options, "run_time", None)
        is_short = isinstance(asked, (int, float)) and time.time() - run.began < asked - 1
        # A shape that is at its end stops the test itself.
        shape = runner.shape_greenlet if environment.shape_class else None
        run.ended_early = is_short or (shape is not None and shape is not gevent.getcurrent())

    environment.events.test_start.add_listener(on_test_start)
    environment.events.spawning_complete.add_listener(on_spawning_complete)
    environment.events.reset_stats.add_listener(lambda **_: run.clear())
    if isinstance(runner, WorkerRunner):
        return
    if not isinstance(runner, MasterRunner):
        # Without workers nothing is reported, and nothing comes back.
        environment.events.report_to_master.remove_listener(on_report_to_master)
    environment.events.test_stopping.add_listener(on_test_stopping)
    environment.events.test_stop.add_listener(lambda **_: write(runner))
    # The last reports of workers arrive when the test has stopped already.
    environment.events.quit.add_listener(lambda **_: write(runner))
