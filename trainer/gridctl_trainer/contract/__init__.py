"""What `gridctl_trainer` and `gridctl` share; imports neither torch nor numpy.

* `spec`: the specification of a run, and its `run_id`.
* `layout`: every key in the store.
* `records`: what a run writes into its store: metric logs, checkpoint manifests, the result.
* `released`: formats that earlier versions wrote, which are still read.
* `location`: how a folder or a place in a bucket is written.
* `errors`, `exit_codes`: how failures are reported.
"""
