"""The plot is a picture, with and without anything to show."""

from arb_pipelines.ml.calibration_plot import plot_calibration
from arb_pipelines.ml.price_model import train
from arb_pipelines_tests.ml.market import AS_OF, draw_sales, no_history

PNG = b"\x89PNG\r\n"


def test_plot_of_a_holdout():
    assert plot_calibration(train(draw_sales(n=300), no_history(), as_of=AS_OF)).startswith(PNG)


def test_plot_of_nothing():
    assert plot_calibration(train(draw_sales().clear(), no_history(), as_of=AS_OF)).startswith(PNG)
