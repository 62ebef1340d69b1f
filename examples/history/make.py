"""Makes nights.bundle: a repository of 120 nights, in which is known what happened. Run it in this folder; needs git.

`print` takes a tenth longer from night 71 on; `parse` grows by 4 % in small steps; nights 90 to 103 were not measured.
"""

import datetime
import json
import os
import random
import subprocess
import tempfile

random.seed(7)
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
NIGHTS, RUNS, WINDOW = 120, 5, 20


def run(night, number):
    at = START + datetime.timedelta(days=night, minutes=number)
    header = {
        "commit": f"{random.Random(night).getrandbits(160):040x}",
        "environment": {"key": "bench-1"},
        "session": f"night {night}",
        "started_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "tool": {"name": "bench"},
    }
    levels = {
        "load": 118.0,
        "parse": 41.0 * (1 + 0.04 * night / NIGHTS),
        "print": 63.0 * (1.1 if night >= 71 else 1.0),
    }
    lines = [
        f'    "{name}": '
        + json.dumps(
            {
                "time": {
                    "better": "lower",
                    "unit": "ms",
                    "value": round(level * random.gauss(1, 0.02), 3),
                }
            }
        )
        for name, level in levels.items()
    ]
    head = json.dumps(header)[1:-1]
    return "{\n  " + head + ',\n  "subjects": {\n' + ",\n".join(lines) + "\n}}"


def text(runs, anchor):
    return (
        '{\n"schema": "perfgate.baseline/1",\n"anchor": {"budget": 0.15, "label": "v1.0", "runs": ['
        + ", ".join(anchor)
        + ']},\n"runs": ['
        + ", ".join(runs)
        + "]\n}\n"
    )


with tempfile.TemporaryDirectory() as folder:
    subprocess.check_call(["git", "init", "-q", "-b", "main", folder])
    stream, window, anchor = "", [], None
    for night in range(NIGHTS):
        if 90 <= night < 104:
            continue
        window = (window + [run(night, number) for number in range(RUNS)])[-WINDOW:]
        anchor = anchor or list(window)
        content = text(window, anchor)
        at = int((START + datetime.timedelta(days=night, hours=2)).timestamp())
        stream += f"commit refs/heads/main\ncommitter Nightly <nightly@example.org> {at} +0000\ndata 5\nnight\n"
        stream += f"M 100644 inline baselines/main.json\ndata {len(content)}\n{content}\n"
    subprocess.run(
        ["git", "-C", folder, "fast-import", "--quiet"], input=stream.encode(), check=True
    )
    subprocess.check_call(
        [
            "git",
            "-C",
            folder,
            "bundle",
            "create",
            "-q",
            os.path.abspath("nights.bundle"),
            "HEAD",
            "main",
        ]
    )
