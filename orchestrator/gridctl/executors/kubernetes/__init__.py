"""The Kubernetes backend: a Job a run."""

from gridctl.executors.kubernetes.executor import KubernetesExecutor

__all__ = ["KubernetesExecutor"]
