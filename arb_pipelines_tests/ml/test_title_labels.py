"""Labels found in titles, the split by brand, and the figures."""

import pytest

from arb_pipelines.ml.title_labels import LabelledTitle, Score, first_code, first_word, locate, mark, score


@pytest.mark.parametrize(
    "title,label,text",
    [
        ("d-link dgs-1005g switch", "DGS1005G", "dgs-1005g"),
        ("Black & Decker drill", "black and decker", None),
        ("black & decker drill", "Black Decker", "black & decker"),
        ("polk audio csi a6 speaker", "csia6", "csi a6"),
        ("a (mq2y2ll/a) b", "MQ2Y2LLA", "mq2y2ll/a"),
        ("sonyx camera", "sony", None),
        ("some camera", "", None),
        ("generic camera", "Generic", None),
    ],
)
def test_locate(title, label, text):
    span = locate(title, label)
    assert (None if span is None else title[slice(*span)]) == text


def test_a_row_without_model_leaves_the_model_open():
    marked = mark(LabelledTitle("sony w120 camera", "Sony", "", in_test=False))
    assert (marked.brand, marked.model, marked.is_model_open) == ((0, 4), None, True)


def test_each_fold_has_about_a_fifth_of_the_brands():
    folds = [LabelledTitle("t", f"brand{number}", "", in_test=False).fold for number in range(1000)]
    assert all(150 < folds.count(fold) < 250 for fold in range(5))
    assert LabelledTitle("t", "", "", in_test=False).fold is None


def test_score_counts_only_titles_that_contain_their_label():
    truths = ["Sony", "Canon", "Nikon", "Acme"]
    titles = ["sony a", "canon b", "nikon c", "nothing here"]
    assert score(truths, titles, ["SONY", "b", None, "wrong"]) == Score(3, 0.5, round(1 / 3, 4), 0.4)
    assert score(["Acme"], ["nothing"], [None]) == Score(0, None, None, None)


def test_the_rule_beside_it():
    assert (first_word("Sony DSC-W1 x2"), first_code("Sony DSC-W1 x2")) == ("Sony", "DSC-W1")
    assert (first_word(""), first_code("no code")) == (None, None)
