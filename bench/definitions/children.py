"""Runs a command and prints its whole-process figures as JSON.

``children.py COMMAND [ARG ...]``: wall seconds, CPU seconds (user and system, children included),
peak resident bytes of the largest process, peak private bytes (memory that no file backs, sampled
every 2 ms; null where the system does not tell), exit code, and the command's standard output.
"""

import json
import re
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

SAMPLE_SECONDS = 0.002


class Sampler(threading.Thread):
    """Follows the private memory of a process until it ends."""

    def __init__(self, pid: int) -> None:
        """Make it; ``start`` lets it run."""
        super().__init__(daemon=True)
        self.file = Path(f"/proc/{pid}/status")
        self.peak = 0

    def run(self) -> None:
        """Sample until the process is gone."""
        while True:
            try:
                found = re.search(r"RssAnon:\s+(\d+) kB", self.file.read_text())
            except OSError:
                return
            if found is None:
                return
            self.peak = max(self.peak, int(found[1]) * 1024)
            time.sleep(SAMPLE_SECONDS)


def main(command: list[str]) -> None:
    """Run the command to its end."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        sampler = Sampler(child.pid)
        sampler.start()
        stdout, _ = child.communicate()
    wall = time.perf_counter() - began
    sampler.join()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = {
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peakBytes": usage.ru_maxrss * 1024,
        "peakPrivateBytes": sampler.peak or None,
        "code": child.returncode,
        "stdout": stdout.decode(),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1:])
