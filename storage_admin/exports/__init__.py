"""ZIPs of many objects: made by a job as one multipart upload, fetched from its page, removed after days.

names.py       what an object is called inside a ZIP. Pure
zip_format.py  the bytes of a ZIP beside its contents. Pure
assembling.py  cuts the ZIP into parts that are the same however often they are made. Pure
register.py    which ZIPs there are, and where: by the rows of their jobs alone
contents.py    reads what goes in, and tells names apart
services.py    the request side: who may fetch one
expiry.py      removes what has been there for its days, and uploads that nobody goes on with

The job's kind is in `storage_admin.jobs.kinds.zipping`.
"""
