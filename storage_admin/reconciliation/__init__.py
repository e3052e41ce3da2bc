"""Photos' rows and the objects of their bucket, compared in both directions.

    list the bucket ──▶ staged entries ──▶ anti-joins in the database ──▶ findings ──▶ repairs, by a person
       (slices)                                                            (rows)       (asked again first)

staging.py    the table of what was listed: COPY on PostgreSQL, executemany on SQLite
comparing.py  the questions to the database, one for each direction
findings.py   keeps what was found, and closes what is not found any more
scanning.py   the worker's side: claims the scan, lists or compares for a slice
services.py   the request side: begin, may a finding be repaired, repair, ignore
repairs.py    one repair for each kind; none deletes an object

Two stories from elsewhere shaped it. A report of orphans was days old when somebody deleted what it
named, live originals among it: here a repair asks row and store again, rests on the newest scan
alone, and waits a day. A collector never read which of its deletes had failed: here each repair
says what came of it, in its finding's row. And a scan that could not read one page says nothing.
"""
