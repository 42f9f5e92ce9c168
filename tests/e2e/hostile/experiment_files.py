"""Experiment files that make no sense, each with the line to be named and the message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SOUND: Final = """\
name: tiny
models: {unet: {channels: [4, 8], batch_size: 2}}
train_ratios: [0.5]
seeds: [1]
data: {train: {dataset: acdc, path: data}, size_px: 32}
training: {epochs: 1}
"""
"""Six valid lines."""

Case = tuple[bytes, int | None, str]
"""The file, the line that is named (None for the whole file), and the message."""


def changed(old: str, new: str, line: int, said: str) -> Case:
    assert SOUND.count(old) == 1, old
    return SOUND.replace(old, new).encode(), line, said


def added(text: str, line: int, said: str) -> Case:
    return (SOUND + text).encode(), line, said


def _bomb(of: str) -> str:
    """Nine levels, each of which holds the level before nine times."""
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]" if of == "aliases" else "a0: &a0 {k0: x, l0: x}"]
    for level in range(1, 9):
        before = f"*a{level - 1}"
        if of == "aliases":
            levels.append(f"a{level}: &a{level} [{', '.join([before] * 9)}]")
        else:
            levels.append(f"a{level}: &a{level} {{<<: [{', '.join([before] * 9)}]}}")
    return "\n".join(levels) + "\n"


FLOW = "x: " + "[" * 300 + "]" * 300 + "\n"
BLOCK = "".join(f"{' ' * level}x{level}:\n" for level in range(300))
KEYS = "".join(f"unknown_key_{number}: {number}\n" for number in range(2_400))
MANY_MODELS = "".join(f"  m{number}: {{architecture: unet}}\n" for number in range(101))
MANY = ", ".join(map(str, range(1_000)))

FILES: Final[Mapping[str, Case]] = {
    # larger than any experiment
    "alias bomb": added(_bomb("aliases"), 10, "more than 5,000 values"),
    "merge bomb": added(_bomb("merges"), 11, "more than 5,000 values"),
    "anchor in itself": added("x: &a [1, *a]\n", 7, "*a is used inside the value that it names"),
    "anchor in itself as a mapping": added("x: &a {y: *a}\n", 7, "*a is used inside the value that it names"),
    "merge of itself": added("x: &a {<<: *a}\n", 7, "*a is used inside the value that it names"),
    "a million seeds": (
        SOUND.replace("[1]", f"[{', '.join(map(str, range(1_000_000)))}]").encode(),
        None,
        "larger than 256 KiB",
    ),
    "20,000 seeds": changed(
        "seeds: [1]", f"seeds: [{', '.join(map(str, range(20_000)))}]", 4, "more than 5,000 values"
    ),
    "a huge grid": changed(
        "[0.5]\nseeds: [1]",
        f"[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99]\nseeds: [{MANY}]",
        4,
        "11,000 runs",
    ),
    "101 models": changed("{unet: {channels: [4, 8], batch_size: 2}}", "\n" + MANY_MODELS[:-1], 2, "there are 101"),
    "2,400 unknown keys": added(KEYS, 7, "unknown key 'unknown_key_0'"),
    "6,000 unknown keys": added("".join(f"u{number}: 1\n" for number in range(6_000)), 2490, "more than 5,000 values"),
    "10 MB of unknown keys": ((SOUND + KEYS * 200).encode(), None, "larger than 256 KiB"),
    "300 levels of flow": added(FLOW, 7, "more than 32 levels"),
    "300 levels of block": added(BLOCK, 39, "more than 32 levels"),
    "30,000 levels": added("x: " + "[" * 30_000, 7, "more than 32 levels"),
    "30,000 levels of mappings": added("x: " + "{a: " * 30_000, 7, "more than 32 levels"),
    "lists in one line of block": added("x:\n" + "- " * 3_000 + "1\n", 8, "more than 32 levels"),
    # numbers
    "5,000 digits": changed("[1]", f"[{'9' * 5_000}]", 4, "this number has 5,000 digits"),
    "5,000 hex digits": changed("[1]", f"[0x{'f' * 5_000}]", 4, "this number has 5,002 digits"),
    "5,000 octal digits": changed("[1]", f"[0o{'7' * 5_000}]", 4, "this number has 5,002 digits"),
    "5,000 decimals": changed("[0.5]", f"[0.{'5' * 5_000}]", 3, "this number has 5,002 digits"),
    "99 digits": changed("[1]", f"[{'9' * 99}]", 4, "seeds[0]: must be less than 4294967296"),
    "1e400": changed("epochs: 1", "learning_rate: 1e400", 6, "training.learning_rate: expected a finite number"),
    "1e400 epochs": changed("epochs: 1", "epochs: 1e400", 6, "training.epochs: expected a whole number"),
    "1e999999999": changed(
        "epochs: 1", "learning_rate: 1e999999999", 6, "training.learning_rate: expected a finite number"
    ),
    "NaN": changed("epochs: 1", "learning_rate: .nan", 6, "training.learning_rate: expected a finite number"),
    "infinity": changed("epochs: 1", "learning_rate: .inf", 6, "training.learning_rate: expected a finite number"),
    "minus infinity": changed("[0.5]", "[-.inf]", 3, "train_ratios[0]: expected a finite number"),
    "NaN as a seed": changed("[1]", "[.nan]", 4, "seeds[0]: expected a whole number"),
    "true as a number": changed("epochs: 1", "epochs: true", 6, "training.epochs: expected a number, got true"),
    "half an epoch": changed("epochs: 1", "epochs: 1.5", 6, "training.epochs: expected a whole number, got 1.5"),
    # text that is not UTF-8
    "Latin-1": ((SOUND + "# caf\xe9\n").encode("latin-1"), 7, "UTF-8"),
    "UTF-16": (SOUND.encode("utf-16"), None, "UTF-16"),
    "UTF-16 without a mark": (SOUND.encode("utf-16-le"), 1, "#x0000"),
    "UTF-32": (SOUND.encode("utf-32"), None, "UTF-32"),
    "half a character": ((SOUND + "# \xe9").encode()[:-1], 7, "UTF-8"),
    "surrogate": (SOUND.encode() + b"# \xed\xa0\x80\n", 7, "UTF-8"),
    "NUL": added("x: a\0b\n", 7, "#x0000"),
    "control character": added("x: a\x07b\n", 7, "#x0007"),
    "escape sequence": added("x: \x1b[31m\n", 7, "#x001b"),
    "random": (bytes(range(256)) * 100, 2, "UTF-8"),
    "zeros": (bytes(1_000), 1, "#x0000"),
    "tab": added("x:\n\t- 1\n", 8, "not YAML"),
    # features of YAML that experiment files may not use
    "key twice": added("seeds: [2]\n", 7, 'duplicate key "seeds"'),
    "key twice deep inside": changed("epochs: 1", "epochs: 1, epochs: 2", 6, 'duplicate key "epochs"'),
    "model twice": changed("{unet: {", "{unet: {}, unet: {", 2, 'duplicate key "unet"'),
    "several documents": added("---\n" + SOUND, 7, "a second YAML document"),
    "Python tag": added("x: !!python/object/apply:os.system [ls]\n", 7, "YAML tags"),
    "own tag": changed("[1]", "!seeds [1]", 4, "YAML tags"),
    "tag of a type": changed("epochs: 1", "epochs: !!int '1'", 6, "YAML tags"),
    "YAML 1.1": (b"%YAML 1.1\n---\n" + SOUND.encode(), 2, "version 1.2"),
    "tag directive": (b"%TAG ! tag:example.com,2000:\n---\n" + SOUND.encode(), 2, "directives"),
    "unknown anchor": changed("[1]", "*seeds", 4, "undefined alias 'seeds'"),
    "list as a key": added("? [1, 2]\n: 3\n", 7, "used as a key"),
    "mapping as a key": added("? {a: 1}\n: 3\n", 7, "used as a key"),
    "number as a key": added("7: 3\n", 7, "the key 7 is not text"),
    "null as a key": added("null: 3\n", 7, "the key null is not text"),
    "true as a model": changed("unet:", "true:", 2, "the key true is not text"),
    "nothing": (b"", 1, "is a mapping"),
    "a list": (b"- name: tiny\n", 1, "is a mapping"),
    "text": (b"tiny\n", 1, "is a mapping"),
    "JSON without an end": (b'{"name": "tiny"', 1, "not YAML"),
    # values of the wrong type
    "list of mappings for the models": changed(
        "{unet: {channels: [4, 8], batch_size: 2}}",
        "[unet: {}, gamma_net: {}]",
        2,
        "models are a mapping of names to options",
    ),
    "list for a model": changed(
        "{channels: [4, 8], batch_size: 2}", "[1, 2]", 2, "models.unet: a model's options are a mapping"
    ),
    "text for the models": changed(
        "{unet: {channels: [4, 8], batch_size: 2}}", "unet", 2, "models are a mapping of names to options"
    ),
    "number for the models": changed(
        "{unet: {channels: [4, 8], batch_size: 2}}", "[1, 2]", 2, "models are a mapping of names to options"
    ),
    "list as the architecture": changed(
        "batch_size: 2", "architecture: [unet]", 2, "models.unet.architecture: expected the name of a model"
    ),
    "mapping as the architecture": changed(
        "batch_size: 2", "architecture: {unet: 1}", 2, "models.unet.architecture: expected the name of a model"
    ),
    "nothing as the architecture": changed(
        "batch_size: 2", "architecture: ", 2, "models.unet.architecture: expected the name of a model"
    ),
    "empty value to set": added(
        "ablations: [{name: long, set: {training.epochs: }}]\n",
        7,
        "makes training.epochs invalid: expected a whole number, got nothing",
    ),
    "list to set": added(
        "ablations: [{name: long, set: [training.epochs]}]\n",
        7,
        "ablations[0].set: expected a mapping of keys to values, got a list",
    ),
    "empty path to set": added("ablations: [{name: long, set: {'': 1}}]\n", 7, "an ablation cannot change this"),
    "dots to set": added("ablations: [{name: long, set: {'...': 1}}]\n", 7, "an ablation cannot change this"),
    "section to set": added("ablations: [{name: long, set: {training: }}]\n", 7, "an ablation cannot change this"),
    "number to set": added("ablations: [{name: long, set: {7: 1}}]\n", 7, "the key 7 is not text"),
    "list of ablations inside a list": added(
        "ablations: [[none]]\n", 7, "ablations[0]: expected a mapping of keys to values, got a list"
    ),
    "mapping for the seeds": changed("[1]", "{1: 2}", 4, "the key 1 is not text"),
    "list for the data": changed(
        "{train: {dataset: acdc, path: data}, size_px: 32}",
        "[data]",
        5,
        "data: expected a mapping of keys to values, got a list",
    ),
    "nothing for the data": changed(
        "{train: {dataset: acdc, path: data}, size_px: 32}", "", 5, "data.train: is missing"
    ),
    "list for the name": changed("name: tiny", "name: [tiny]", 1, "name: expected text, got a list"),
    "list for training": changed("{epochs: 1}", "[1]", 6, "training: expected a mapping of keys to values, got a list"),
    "list to compare": added("compare: [[unet]]\n", 7, "compare[0]: expected a mapping of keys to values, got a list"),
    "list for kubernetes": added(
        "kubernetes: [1]\n", 7, "kubernetes: expected a mapping of keys to values, got a list"
    ),
    "list for the store": added("store: [a]\n", 7, "store: expected text, got a list"),
}

SETTINGS: Final[Mapping[str, str]] = {
    f"seeds=[{'9' * 5_000}]": "this number has 5,000 digits",
    f"seeds=[0x{'f' * 5_000}]": "this number has 5,002 digits",
    f"train_ratios=[0.{'5' * 5_000}]": "this number has 5,002 digits",
    f"seeds=[{', '.join(map(str, range(20_000)))}]": "more than 5,000 values",
    f"seeds={'[' * 300}{']' * 300}": "more than 32 levels",
    f"seeds={'[' * 30_000}": "more than 32 levels",
    f"models={'{a: ' * 300}{'}' * 300}": "more than 32 levels",
    f"name={'x' * 100_000}": "name",
    "training.epochs=1e400": "expected a whole number",
    "training.learning_rate=1e400": "expected a finite number",
    "training.learning_rate=.nan": "expected a finite number",
    "training.learning_rate=-.inf": "expected a finite number",
    "train_ratios=[.nan]": "expected a finite number",
    "training.epochs=true": "expected a number, got true",
    "training.epochs=[1]": "expected a whole number, got a list",
    "training.epochs={1: 2}": "the key 1 is not text",
    "training={epochs: 1, epochs: 2}": 'duplicate key "epochs"',
    "training=[1]": "expected a mapping of keys to values, got a list",
    "data=null": "data.train: is missing",
    "models=[1, 2]": "models are a mapping of names to options",
    "models=[unet: {}]": "models are a mapping of names to options",
    "models=": "models are a mapping of names to options",
    "models.unet=[1]": "a model's options are a mapping",
    "models.unet.architecture=null": "unknown model 'null'",
    "ablations=[{name: long, set: {training.epochs: }}]": "expected a whole number, got nothing",
    "ablations=[{name: long, set: {7: 1}}]": "the key 7 is not text",
    "ablations=[[none]]": "expected a mapping of keys to values, got a list",
    "seeds=[&a 1, *a]": "anchors",
    "seeds=&a [*a]": "*a is used inside the value that it names",
    "seeds=!!python/object/apply:os.system [ls]": "YAML tags",
    "seeds=[1]\n---\n[2]": "a second YAML document",
    "seeds=%YAML 1.1\n---\n[2]": "version 1.2",
    "name=caf\udce9": "name",
    "name=a\x07": "name",
    "data.train.path=caf\udce9": "data.train.path",
    "kubernetes.env.A=caf\udce9": "kubernetes.env.A",
    "seeds=[\x07]": "not YAML",
    "seeds=[\udce9]": "not YAML",
}
"""`PATH=VALUE` for `--set`, and the message about PATH."""

TWINS: Final = """\
name: tiny
models:
  a: &m {architecture: unet, channels: [4, 8], batch_size: 2}
  b: *m
  c: {<<: *m}
  d: &n {<<: *m}
  e: {<<: [*n, *m], learning_rate: 0.1}
train_ratios: [0.5]
seeds: [1]
data: {train: {dataset: acdc, path: data}, size_px: 32}
training: {epochs: 1}
"""
"""Five models that share one mapping."""
