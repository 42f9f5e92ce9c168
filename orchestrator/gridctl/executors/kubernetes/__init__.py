"""The Kubernetes executor: a Job for each run."""

from gridctl.executors.kubernetes.executor import KubernetesExecutor

__all__ = ["KubernetesExecutor"]
