"""The Kubernetes backend: a Job a run."""

from orchestrator.backends.kubernetes.backend import KubernetesBackend

__all__ = ["KubernetesBackend"]
