"""Several windows in one frame, and trends by size without the future."""

from datetime import timedelta

from arb_pipelines.transforms.price_trends import price_statistics, trending_prices
from arb_pipelines_tests.transforms.frames import T0, points_frame

AS_OF = T0 + timedelta(days=60)


def seen(offer, day, price, availability=None):
    return {
        "offer_key": offer,
        "scrape_id": f"{offer}-{day}",
        "price_minor": price,
        "availability": availability,
        "observed_at": T0 + timedelta(days=day),
    }


def steady(offer, first, last, price, **more):
    return [seen(offer, day, price, **more) for day in range(first, last)]


def test_each_window_has_its_own_average():
    points = points_frame(*steady("o", 0, 30, 1000), *steady("o", 30, 60, 2000))
    found = price_statistics(points, AS_OF, windows=(30, 60))
    assert found["days"].to_list() == [30, 60]
    assert found["average_minor"].to_list() == [2000, 1500]


def test_out_of_stock_share_is_null_where_pages_say_nothing():
    silent = price_statistics(points_frame(*steady("o", 50, 60, 1000)), AS_OF, windows=(30,))
    told = price_statistics(points_frame(*steady("o", 50, 60, 1000, availability="InStock")), AS_OF, windows=(30,))
    assert silent["out_of_stock_share"].to_list() == [None]
    assert told["out_of_stock_share"].to_list() == [0.0]


def test_trends_are_ranked_by_size_either_way():
    points = points_frame(
        *steady("up", 46, 53, 1000),
        *steady("up", 53, 60, 1100),
        *steady("down", 46, 53, 1000),
        *steady("down", 53, 60, 500),
        *steady("new", 53, 60, 700),
    )
    found = trending_prices(points, AS_OF, 7, by=("offer_key",))
    assert found["offer_key"].to_list() == ["down", "up"]
    assert found["change"].round(6).to_list() == [-0.5, 0.1]
    later = points_frame(*points.to_dicts(), seen("up", 61, 9))
    assert trending_prices(later, AS_OF, 7, by=("offer_key",)).equals(found)
