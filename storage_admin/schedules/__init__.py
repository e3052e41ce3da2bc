"""What the portal does by itself, at which times, and what came of it.

The timetable is one table in the settings, SCHEDULES: a name and when. Two kinds of lines:

    sweeps   every few seconds; beat sends their tasks, and a row notes when one ran last
    daily    at a time of day; the row says when it is due next, and whose turn it is

    beat, each minute ──▶ which rows are due? ──▶ a task each ──▶ claim by a conditional UPDATE ──▶ act
                                                                   (moves "next due" on, too)

Hence two beats, a task that was sent twice, and days of downtime all come to one run: whoever's
UPDATE finds the row unclaimed and due has it, and the next time is reckoned from now, not from what
was missed. A lost task is sent again a minute later, for the row is still due. A worker that dies
leaves its claim; after STALE_SECONDS the row says so, and the line runs again at its next time.

timing.py     when a line is due next: pure, with time zones
timetable.py  the table in the settings, as times
claims.py     the rows: due, claimed, ended, left behind
act.py        what a daily line must say of itself
acts/         one class for each; the long ones begin a scan, counts or a job, and end
running.py    the worker's side: claims, acts, keeps what came of it
sightings.py  notes the sweeps' runs
services.py   the request side: "Run now"
facts.py      what the page of jobs shows of all this
"""
