"""How an attempt ended, in Kubernetes' words, with what to change where that is known."""

from __future__ import annotations

from typing import Final

from gridctl.executors.kubernetes.status.objects import Pod
from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.errors import shortened

EXIT_CODES: Final = {
    exit_codes.BUG: "exit code 1 (a bug, or a store that failed)",
    exit_codes.BAD_SPEC: "exit code 2 (bad specification, not retried)",
    exit_codes.BAD_DATA: "exit code 3 (bad data, not retried)",
    exit_codes.STORE_REFUSED: "exit code 4 (store not usable, not retried)",
    137: "killed (exit code 137)",
    exit_codes.STOPPED: "stopped after a checkpoint (exit code 143)",
}
_SHOWN_CHARACTERS: Final = 600
_SAID_BY_EXIT_CODE: Final = ("", "Error", "Completed")
_ADVICE: Final = {
    'EmptyDir volume "scratch" exceeds': "raise kubernetes.scratch",
    'EmptyDir volume "shm" exceeds': "raise kubernetes.shm",
    "ephemeral local storage usage exceeds": "raise kubernetes.ephemeral_storage_limit",
    "exceeded its local ephemeral storage limit": "raise kubernetes.ephemeral_storage_limit",
}


def end_of(pod: Pod) -> str:
    """Why a pod ended, on one line: from the pod's or its container's reason, else the exit code."""
    if pod.reason:
        said = with_message(pod.reason, pod.message)
        advice = next((advice for words, advice in _ADVICE.items() if words in pod.message), "")
        return f"{said}: {advice}" if advice else said
    if pod.disruption:
        return with_message(pod.disruption, pod.disruption_message)
    if pod.exit_reason == "OOMKilled":
        return "out of memory (OOMKilled): raise kubernetes.memory, or lower batch_size"
    if pod.exit_reason not in _SAID_BY_EXIT_CODE:
        return with_message(pod.exit_reason, pod.exit_message)
    if pod.exit_code is None:
        return pod.phase
    return with_last_words(EXIT_CODES.get(pod.exit_code, f"exit code {pod.exit_code}"), pod)


def with_last_words(said: str, pod: Pod) -> str:
    """The meaning of an exit code with the trainer's own message; a stop and a kill leave none."""
    if pod.exit_code in (137, exit_codes.STOPPED):
        return said
    words = last_words(pod.exit_message)
    if words and pod.exit_code == exit_codes.BUG:
        return f"exit code 1: {words}"
    return f"{said}: {words}" if words else said


def last_words(text: str) -> str:
    """The error in a termination message, on one line; the message is the error itself, or the end of a log."""
    _, _, error = f"\n{text}".rpartition("\nerror: ")
    lines = [line for line in error.strip().splitlines() if line.strip()]
    if lines and lines[0].startswith("Traceback "):
        lines = lines[-1:]
    return shortened(one_line("; ".join(line.strip() for line in lines)), _SHOWN_CHARACTERS)


def with_message(reason: str, message: str) -> str:
    """`REASON: MESSAGE` as Kubernetes gave them."""
    return f"{reason}: {one_line(message)}" if message else reason


def one_line(text: str) -> str:
    """A text from the cluster that is safe to show: no control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split()).rstrip(".")
