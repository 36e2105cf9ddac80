"""What a message wants, and when nobody should guess."""

import pytest

from arb_pipelines.ml.support_intent import IntentModel, stem_pairs, stem_phrases, stemmer_name

ORDERS = ["order", "parcel", "package", "delivery"]
MONEY = ["refund", "money back", "return", "reimbursement"]
ASKS = ["where is my {}", "when does my {} come", "tell me about my {} please", "i want to know where the {} is"]
WANTS = ["i want a {}", "please give me a {}", "how do i get a {}", "can you arrange a {} for this"]
TRAIN = [(ask.format(word), "track") for ask in ASKS for word in ORDERS]
TRAIN += [(want.format(word), "refund") for want in WANTS for word in MONEY]
TRAIN += [(text, "greet") for text in ("hello", "hi there", "good morning", "hello there", "good evening to you")]
VALID = [
    ("where is the parcel", "track"),
    ("when does the order come", "track"),
    ("please arrange a refund", "refund"),
    ("i want my money back", "refund"),
    ("hello to you", "greet"),
    ("give me a return please", "refund"),
]


@pytest.fixture(scope="module")
def model() -> IntentModel:
    trained = IntentModel(
        *zip(*TRAIN, strict=True), out_of_scope=["play some jazz music", "what is the capital of peru"]
    )
    trained.calibrate(*zip(*VALID, strict=True), hand_over=0.1)
    return trained


@pytest.mark.parametrize(
    "text,intent", [("where's my package", "track"), ("can i get my money back", "refund"), ("good morning", "greet")]
)
def test_it_answers_what_it_learnt(model, text, intent):
    answer = model.answer(text)
    assert answer.best_guess == intent
    assert 0 < answer.confidence < 1


@pytest.mark.parametrize("text", ["play some rock music", "zorvane quux blorp", "what is the capital of france"])
def test_what_resembles_nothing_goes_to_a_person(model, text):
    assert model.answer(text).intent is None


@pytest.mark.parametrize("text", ["", " ", "😀😀", "?!...", "\x00"])
def test_no_words_no_guess(model, text):
    answer = model.answer(text)
    assert (answer.intent, answer.best_guess, answer.confidence) == (None, None, 0.0)


@pytest.mark.parametrize("text", ["where " * 2000, "<b>hello</b>", "где моя посылка", "x" * 10_000])
def test_no_message_breaks_it(model, text):
    assert 0 <= model.answer(text).confidence <= 1


def test_scores_come_in_the_order_of_the_messages(model):
    guesses, familiarity = model.score(["where is my order", "i want a refund"] * 200)
    assert list(guesses) == ["track", "refund"] * 200
    assert familiarity.shape == (400,)


def test_two_intents_are_enough_and_one_is_refused():
    pair = [(text, intent) for text, intent in TRAIN if intent != "greet"]
    two = IntentModel(*zip(*pair, strict=True))
    assert list(two.score(["where is my parcel", "i want a refund"])[0]) == ["track", "refund"]
    with pytest.raises(ValueError, match="two intents"):
        IntentModel(["hello", "hi"], ["greet", "greet"])


def test_it_does_not_answer_uncalibrated():
    with pytest.raises(RuntimeError, match="calibrate"):
        IntentModel(*zip(*TRAIN, strict=True)).answer("hello")


def test_phrases_and_pairs():
    assert "my order" in stem_phrases("My order")
    assert "< my" in stem_pairs("my order")
    assert stem_pairs("my order") == ["< my", "< order", "< >", "my order", "> my", "> order"]
    assert stemmer_name()
