"""The kubeconfig as kubectl reads it: server, TLS, proxy, impersonation, credentials that renew themselves."""

from gridctl.executors.kubernetes.kubeconfig.access import Access, find_access

__all__ = ["Access", "find_access"]
