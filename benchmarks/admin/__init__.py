"""The admin's pages at 1,000,000 photos and 200,000 pets, beside stock Django admin.

    python -m benchmarks.admin [--database sqlite|postgres|both] [--keep DIR] [--write]

Goal for every page of ours, on both databases: at most 250 ms at the median, and 12 queries.
"""

GOAL_MS = 250
GOAL_QUERIES = 12
