"""Pets, photos and usage as Parquet, each night, for whoever analyses them. Off unless ANALYTICS_BUCKET.

    row ──slices──▶ parts (pets/date=D/run=R/part-00000.parquet ...) ──▶ manifest ──▶ lists for Athena
                                                                          the day is there from here on

A day is there whole or not at all: readers go by its manifest, which names every file and is written
last. A second export of the day lies in a folder of its own, so nothing is overwritten that anybody
could be reading; the manifest then names the new files, in one PUT, and the former ones stay for a
day. Athena reads no manifest: for it there is a list of each table's files (symlink.txt), which is
made from the manifest and is one PUT, too.

A crash leaves a cursor in the row, and perhaps a part that no manifest names: it is written again,
under the same key. What was never ended is removed by a later export, as is what is older than
ANALYTICS_KEEP_DAYS.

layout.py    which key holds what, both ways (pure)
columns.py   what the tables look like; no contact data, no places, no free text
tables.py    reads the rows, some thousand at a time
parquet.py   writes a part
running.py   the worker's side: claims, parts, manifest
tidying.py   removes what nobody will read
queue.py     sends the task by its name
services.py  the request side
register.py  the list in the admin
"""
