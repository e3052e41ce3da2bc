"""Work on many objects: planned first, done in slices, and told object by object.

A job's row is the truth and the queue only a hint. Its life:

    draft ──plan slices──▶ planned ──start──▶ queued ──▶ running ──▶ done | partial | failed
                              │                  ▲          │ ▲
                              └──── cancel       └─ resume ─ paused ◀─ pausing

kind.py       what a kind of job must say: its targets, what it skips, what it does
one_by_one.py for kinds that act on each target by itself: threads, attempts, outages
kinds/        one module for each kind
targets.py    reads what a selection names, page by page, from a cursor
planning.py   the dry run: counts, bytes, samples, what is skipped and why
running.py    the worker's side: claims a job, works for a slice, commits what came of it
services.py   the request side: draft, start, pause, resume, cancel, retry

How a crash is survived: the targets of a batch are written into the row before the first
call (`batch`), and their outcomes, the counts and the cursor in one transaction after the
last. Whoever finds a `batch` in the row does it once more; every act can run twice without harm.
"""
