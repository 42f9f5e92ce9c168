"""The Kubernetes executor: one Job per run."""

from gridctl.executors.kubernetes.executor import KubernetesExecutor

__all__ = ["KubernetesExecutor"]
