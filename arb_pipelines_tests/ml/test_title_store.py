"""The model on this machine: trained once, loaded again, trained anew when what it is made of changed."""

import pytest

from arb_pipelines.ml import title_store
from arb_pipelines_tests.ml.small_title_model import small_reader


@pytest.fixture
def trainings(monkeypatch):
    """Count trainings, and make them cheap."""
    counted = []

    def train(*sizes):
        counted.append(sizes)
        return small_reader()

    monkeypatch.setattr(title_store, "train", train)
    return counted


def test_it_is_trained_once_and_reads_the_same_after_loading(tmp_path, trainings):
    said = []
    first = title_store.load_or_train(tmp_path, report=said.append)
    second = title_store.load_or_train(tmp_path, report=said.append)
    assert (len(trainings), len(said)) == (1, 1)
    title = "Nikon D750 camera with 24-120mm lens, black, like new"
    assert first.read(title) == second.read(title) == small_reader().read(title)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == [f"titles-{title_store.model_key()}"]


def test_changed_sources_give_another_key(monkeypatch):
    key = title_store.model_key()
    monkeypatch.setattr(title_store, "PASSES", title_store.PASSES + 1)
    assert len(key) == 12
    assert title_store.model_key() != key


def test_a_training_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    class Broken:
        def save(self, folder):
            folder.mkdir()
            raise OSError("disk full")

    monkeypatch.setattr(title_store, "train", lambda *_: Broken())
    with pytest.raises(OSError, match="disk full"):
        title_store.load_or_train(tmp_path)
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_where_nothing_can_be_written_the_title_is_read_all_the_same(tmp_path, trainings):
    (tmp_path / "home").write_text("a file")
    said = []
    reader = title_store.load_or_train(tmp_path / "home" / "models", report=said.append)
    assert reader.read("Nikon D750 camera").as_dict()
    assert len(said) == 1
    assert "cannot be kept" in said[0]
