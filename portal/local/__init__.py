"""The embedded services: start, wait for, watch and stop S3, Redis, workers, beat and web.

What one portal on one machine needs, as child processes on loopback. `manage.py demo`
and the tests use it; a real installation does not (see `compose.yaml`). Nothing here
reads Django's settings, so it works before there are any.

The data directory (`.portal/`, or PORTAL_DATA_DIR, or `demo --data DIR`; mode 0700):

    demo.lock          held by flock while a demo runs; its pid and address, as JSON
    state.json         generated secrets, passwords, and the ports of last time (mode 0600)
    portal.sqlite3     the database, with its -wal and -shm
    beat-schedule      when beat last sent what
    seaweedfs/data/    photos: volumes, and the filer's index of them
    seaweedfs/etc/     identities.json (mode 0600) and master.toml, written anew at each start
    simulator/         the keys of the simulated connection (mode 0600); it keeps nothing else
    valkey/            the queue's append-only file
    static/            collected static files
    logs/NAME.log      one for each child; NAME.log.1 is the one before it

Modules: `layout` knows these paths, `lock` and `state` the first two files, `launch` and
`process` one child, `supervisor` all of them, `seaweedfs`, `valkey` and `simulator` the servers,
`ports` and `environment` what they are told, `plan` what the demo consists of.
"""
