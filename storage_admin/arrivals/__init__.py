"""Files that other programs put into the store, and what happens to originals behind the portal's back.

    another program ──PUT──▶ bucket ──event──▶ SQS ──▶ a worker ──┐
                              ▲                                    ├──▶ one registration ──▶ Photo
                              └──────── a look, every minute ──────┘

Both ways end in `taking.take`. A row with the file's identity comes first, and names the photo's number:
whatever dies, and however often a message comes, one file becomes one photo. Events are hints: what
they tell of is asked of the store, so their order does not matter to what is done.

naming.py     whose picture it is, by metadata and key (pure)
sources.py    which buckets are looked at, and which of them send events
taking.py     the one registration
notices.py    what events tell of originals that the portal knows
order.py      which event of a key is the newest
consuming.py  the worker's side of the queue
looking.py    the scheduled look
setup.py      queue, dead letters, policy and notifications
queue_state.py  how the queue stands, as a row; dead letters with their reasons
services.py   the request side: send dead letters again
register.py   the list and the page
"""
