"""What all else is made of."""

import subprocess
import sys
from pathlib import Path

_SAMPLES = Path(__file__).parent / "facts" / "samples"
#: As many threads as a booth has, switched as often as can be, read one fact of every kind, each for the first time.
_AT_ONCE = """
import sys, threading
from pathlib import Path
from kiosk.booth import app
from kiosk.facts.envelope import decode
from kiosk.facts.vocabulary import REGISTRY
from kiosk.values import learn_structs

lines = [file.read_bytes().strip() for file in Path(sys.argv[1]).glob("*.json")]

sys.setswitchinterval(1e-6)
learn_structs()
ready = threading.Barrier(16)

def read():
    ready.wait()
    for line in lines:
        REGISTRY.read(decode(line))

threads = [threading.Thread(target=read) for _ in range(16)]
for one in threads:
    one.start()
for one in threads:
    one.join()
"""


def test_threads_that_read_facts_for_the_first_time_at_once_do_not_crash_the_process():
    for _ in range(6):  # without it, about every third of these crashes
        done = subprocess.run(
            [sys.executable, "-c", _AT_ONCE, str(_SAMPLES)], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
