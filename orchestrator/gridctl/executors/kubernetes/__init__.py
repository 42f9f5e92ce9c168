"""The Kubernetes backend: a Job a run."""

from gridctl.executors.kubernetes.executor import KubernetesBackend

__all__ = ["KubernetesBackend"]
