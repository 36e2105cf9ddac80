"""Asset `matching_model`: the matcher by wording, taught by invented pairs and by what people judged."""

from dagster import MaterializeResult, asset

from arb_pipelines.defs.resources import BooksResource, ModelStoreResource

TAGS = {"domain": "market"}
OWNERS = ["team:pricing"]


@asset(group_name="market", kinds={"scikitlearn"}, owners=OWNERS, tags=TAGS)
def matching_model(books: BooksResource, models: ModelStoreResource) -> MaterializeResult:
    """The pair scorer behind `products`; made anew when people have judged matches since."""
    from arb_pipelines.defs.matching import load_scorer, matching_folder

    with books.opened() as opened:
        scorer = load_scorer(matching_folder(models), opened)
    return MaterializeResult(metadata={"taught_by": scorer.taught_by, **scorer.figures})
