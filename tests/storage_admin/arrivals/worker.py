"""A worker in a process of its own: `python -m tests.storage_admin.arrivals.worker POINT SECONDS`.

It kills itself at the point, as the kernel would for want of memory; at "none" it reads until the time is
over. The environment names the database, the stores and the queue.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django


def dying_after(function: Callable[..., Any]) -> Callable[..., Any]:
    def act(*args: Any, **options: Any) -> Any:
        function(*args, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    return act


def main(point: str, seconds: float) -> None:
    django.setup()
    # Here and not above: models want Django to be set up.
    from portal.aws import queues  # noqa: PLC0415
    from portal.s3 import objects  # noqa: PLC0415
    from storage_admin.arrivals import consuming, taking  # noqa: PLC0415

    consuming.HIDDEN_SECONDS, consuming.WAIT_SECONDS = 1, 1
    if point == "row":
        taking._claimed = dying_after(taking._claimed)
    elif point == "copy":
        objects.put = dying_after(objects.put)
    elif point == "commit":
        taking.take = dying_after(taking.take)
    elif point == "delete":
        queues.delete = dying_after(queues.delete)
    consuming.work(seconds)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
