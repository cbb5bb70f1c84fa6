"""measure.py COMMAND…: runs a command and says what it took: CPU seconds of all its threads, wall seconds, peak memory in MB."""

import json
import resource
import subprocess
import sys
import time

began = time.monotonic()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
if code:
    sys.exit(code)
print(json.dumps({
    "cpu_s": round(used.ru_utime + used.ru_stime, 2),
    "wall_s": round(time.monotonic() - began, 2),
    "peak_mb": round(used.ru_maxrss / 1024),
}))
