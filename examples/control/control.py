#!/usr/bin/env python3
"""A control: a fixed computation that no change of your code can touch. Writes one run of it.

  control.py OUT.json

It uses what services use (arithmetic, memory, hashing), takes about two seconds, and needs Python's standard library alone. Where it
became slower, the machine did.
"""

import hashlib
import json
import sys
import time

ROUNDS = 15


def arithmetic():
    total = 0
    for i in range(400_000):
        total += i * i % 7
    return total


def memory():
    numbers = list(range(400_000))
    numbers.reverse()
    return sum(sorted(numbers)[::16])


def hashing():
    block = b"perfgate" * 4096
    digest = hashlib.sha256()
    for _ in range(300):
        digest.update(block)
    return digest.hexdigest()


def milliseconds(work):
    samples = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        samples.append(1000 * (time.perf_counter() - begin))
    return {"unit": "ms", "better": "lower", "samples": samples}


subjects = {
    f"control/{work.__name__}": {"time": milliseconds(work)}
    for work in (arithmetic, memory, hashing)
}
with open(sys.argv[1], "w") as out:
    json.dump({"schema": "perfgate.run/1", "subjects": subjects}, out)
