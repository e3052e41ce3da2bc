"""Jobs too large for the portal's own workers: handed over to S3 Batch Operations, or to a lifecycle rule.

The job stays the row that it is, with its plan, states and page; a `JobHandover` beside it says how
far Amazon is. Its workers are those of jobs: `working.work` is called with their claim, takes the next
steps, and leaves what has to be waited for to the sweep. Each step can be taken twice.

    batch  writing the list ─▶ CreateJob ─▶ Amazon counts ─▶ a person confirms ─▶ Amazon works ─▶ the report
    rule   the rule is put ─▶ what is left is counted, every few hours ─▶ the rule is taken away
"""
