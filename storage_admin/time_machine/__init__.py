"""The page that shows what became of a bucket's keys since a moment, and drafts the job that takes it back.

moments.py   moments that people mean: an hour ago, before that job; what was destroyed since, as rows tell
looking.py   reads the keys' lives page by page, with a bound, and says what was and what is
pages.py     the page, and the button that drafts the job
"""
