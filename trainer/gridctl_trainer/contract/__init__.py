"""All that the trainer and the orchestrator share; imports neither torch nor numpy.

* `spec`, `network`: what a run is, and its `run_id`.
* `layout`: every key of the store.
* `metrics`: the metric log of an attempt, and how the logs of a run merge.
* `result`: the object whose presence means *finished*.
* `store`: where all of this lies (folder or S3).
* `errors`, `exit_codes`: how a failure is said.
"""
