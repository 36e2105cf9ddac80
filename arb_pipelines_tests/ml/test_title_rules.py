"""What a title states in so many words."""

import pytest

from arb_pipelines.ml.title_rules import plain_text, read_statements


@pytest.mark.parametrize(
    "title,field,value",
    [
        ("Phone 8GB RAM 256 GB SSD", "storage", "256 GB"),
        ("Drive 1TB and 512GB cache", "storage", "1 TB"),
        ("Link 10 GB/s cable", "storage", None),
        ('Monitor 27" wide', "size", '27"'),
        ("lcd 24 ' wide", "size", "24 '"),
        ("Shoes size 10.5", "size", "size 10.5"),
        ("Cream 50ml", "size", "50ml"),
        ("Phone 5G", "size", None),
        ("Cooker 6 Quart", "size", "6 Quart"),
        ("Skate shoes mens 11", "size", "mens 11"),
        ("Women's 7.5 trainers", "size", "Women's 7.5"),
        ("Mens 501 jeans", "size", None),
        ('Wrench 1/2" drive', "size", '1/2"'),
        ("Shirt black/white", "colour", "black / white"),
        ("Blackbird whistle", "colour", None),
        ("Atlas 2nd edition", "edition", "2nd edition"),
        ("Game Collector's Edition", "edition", "Collector's Edition"),
        ("Lot of 3 lamps", "quantity", 3),
        ("2-pack lamps, set of 4", "quantity", None),
        ("Lamp", "quantity", 1),
    ],
)
def test_statements(title, field, value):
    assert getattr(read_statements(title), field) == value


@pytest.mark.parametrize(
    "title,words",
    [
        ("Camera like new, no charger", ("like new", "no charger")),
        ("New Balance 574", ()),
        ("Brand new in New York", ("brand new",)),
        ("Renewed phone FOR PARTS", ("renewed", "for parts")),
    ],
)
def test_condition_words(title, words):
    assert read_statements(title).condition_indicators == words


def test_the_description_fills_what_the_title_leaves_open_but_not_the_quantity():
    stated = read_statements("Phone 64GB", "Used, 128GB as well, pack of 2, 6 inch")
    assert (stated.storage, stated.size, stated.quantity) == ("64 GB", "6 inch", 1)
    assert stated.condition_indicators == ("used",)


def test_plain_text_has_no_markup_or_control_characters():
    assert plain_text("<b>A &amp; B</b>\x00\u200b c\n d") == "A & B c d"
    assert plain_text("ab" * 5000, 10) == "ababababab"
