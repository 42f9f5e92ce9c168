"""What the trainer and the orchestrator share; imports neither torch nor numpy.

* `spec`: the specification of a run, and its `run_id`.
* `layout`, `location`: the keys of a store, and how locations are written.
* `records`: everything that a run leaves in its store, such as its metric logs and its result.
* `released`: formats that earlier versions wrote.
* `errors`, `exit_codes`, `wording`: how failures are reported.
"""
