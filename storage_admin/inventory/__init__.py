"""Reports of S3 Inventory, read in place of a bucket's list: for comparing, for counting, for searching.

    S3, daily ──▶ <INVENTORY_PREFIX>/<bucket>/<INVENTORY_ID>/<date>/ ──▶ portal.s3.inventory_reports, _rows
        ├──▶ reconciliation.from_report   suspicions, and what row and store say of them now
        ├──▶ buckets.usage_reports        a count, of the report's date
        └──▶ searching                    the page, and `find_keys`

reports.py      where reports are, by the settings; the newest of a bucket
searching.py    rows by a part of their keys, size, class and age
search_form.py  the fields of a search
pages.py        the page below a bucket, and its CSV

A report is old when it comes, in no order, and of no one moment: it makes suspicious, and proves nothing.
"""
