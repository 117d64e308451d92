"""Runs a command and prints its whole-process figures as JSON.

``children.py COMMAND [ARG ...]``: wall seconds, CPU seconds (user and system, children included),
peak resident bytes of the largest process, exit code, and the command's standard output.
"""

import json
import resource
import subprocess
import sys
import time

began = time.perf_counter()
run = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=False)
wall = time.perf_counter() - began
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(
    json.dumps(
        {
            "wall": wall,
            "cpu": usage.ru_utime + usage.ru_stime,
            "peakBytes": usage.ru_maxrss * 1024,
            "code": run.returncode,
            "stdout": run.stdout.decode(),
        }
    )
)
