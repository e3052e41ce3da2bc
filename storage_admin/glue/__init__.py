"""Runs of Glue jobs that are there: started once for each ask, followed, stopped. Off unless GLUE_JOBS.

    button, export, timetable ──row, asked──▶ worker: claim ──▶ StartJobRun with --portal-run=<marker>
                                                        └ tried before? ──▶ is the marker among the runs?
    row with a run's id ──sweep──▶ GetJobRun ──▶ state, error, times, until it has ended

Glue would start a job twice that is asked for twice. So the row is written first; that a start is about
to be tried is written next; and whoever finds that, but no run's id, looks among Glue's runs for the
marker before it tries again.

arguments.py  what may be handed to a job, and what never (pure)
asking.py     makes the row
running.py    the worker's side: starts, follows, stops
services.py   the request side: start, stop, noted
register.py   the list in the admin
"""
