"""Become another program that ends when its parent does: `launch.py PARENT_PID PROGRAM ARGS...`

Run by path, isolated (`python -I -S`): it costs 10 ms, and imports nothing of the project.
A `preexec_fn` could do the same, but is unsafe in a process that has threads.

Linux alone can tie a child to its parent. Elsewhere a killed supervisor leaves its children
running; they keep the data directory locked, so that a second start says so.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            sys.exit("the supervisor is gone")
    # Python ignores it, and an ignored signal stays so in the new program.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)  # noqa: S606 - the supervisor's own command, no shell wanted
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
