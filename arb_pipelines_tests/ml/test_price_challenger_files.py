"""Ten malicious model files: every one is refused, none runs code."""

import io
import json
import pickle
import zipfile

import pytest
import skops.io

from arb_pipelines.ml.price_challenger import load_challenger

RAN: list[str] = []


def burgle(what):
    RAN.append(what)


class Burglar:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return (burgle, ("unpickled",))


class Setter:
    """Runs code when its state is set."""

    def __getstate__(self):
        return {"state": 1}

    def __setstate__(self, state):
        burgle("state set")


class Built:
    """Runs code when it is made."""

    def __new__(cls):
        burgle("made")
        return super().__new__(cls)


def skops_with(value):
    content = skops.io.dumps({"trees": [value], "factors": {}})
    RAN.clear()  # making the file may run it; reading it may not
    return content


def node(**schema):
    """A skops file with a hand-written schema."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        whole = {"protocol": 2, "_skops_version": "0.16.0", "__id__": 1, **schema}
        archive.writestr("schema.json", json.dumps(whole))
    return packed.getvalue()


def object_node(module, name, loader="ObjectNode", **more):
    return node(__class__=name, __module__=module, __loader__=loader, **more)


FILES = {
    "a pickle": pickle.dumps(Burglar()),
    "a pickle in a zip": None,
    "an object with a reduce": skops_with(Burglar()),
    "an object with a state": skops_with(Setter()),
    "an object made anew": skops_with(Built()),
    "a function": skops_with(burgle),
    "the shell": object_node("os", "system", "FunctionNode", content={"module_path": "os", "function": "system"}),
    "eval": object_node("builtins", "eval", "FunctionNode", content={"module_path": "builtins", "function": "eval"}),
    "a loader that does not exist": object_node("builtins", "dict", "PickleNode"),
    "no zip at all": b"not a model",
}


def pickle_in_zip():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("schema.json", pickle.dumps(Burglar()))
    return packed.getvalue()


FILES["a pickle in a zip"] = pickle_in_zip()


@pytest.mark.parametrize("name", FILES)
def test_malicious_file_is_refused_and_runs_nothing(name):
    RAN.clear()
    with pytest.raises(Exception, match=r"."):
        load_challenger(FILES[name])
    assert RAN == []


def test_the_traps_do_spring():
    RAN.clear()
    pickle.loads(pickle.dumps(Burglar()))
    Built()
    assert RAN == ["unpickled", "made"]
    assert len(FILES) == 10
