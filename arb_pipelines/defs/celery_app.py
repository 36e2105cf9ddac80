"""The Celery application of our workers: `celery -A arb_pipelines.defs.celery_app worker`.

What belongs here: broker and tasks. The code location is imported before the workers fork, so a run costs half a CPU
second instead of four; a task is given to a worker only when it is free for it.
"""

from dagster_celery.make_app import make_app
from dagster_celery.tasks import create_execute_job_task, create_resume_job_task, create_task

from arb_pipelines.settings import Settings


def broker_urls(settings: Settings) -> tuple[str, str]:
    """Return the addresses of the broker and of the results.

    Raises:
        ValueError: no broker is set.
    """
    if settings.celery_broker_url is None:
        raise ValueError("a Celery worker needs a broker: set ARB_CELERY_BROKER_URL, e.g. redis://host:6379/0")
    broker = settings.celery_broker_url.get_secret_value()
    backend = settings.celery_backend_url
    return broker, backend.get_secret_value() if backend else broker


BROKER, BACKEND = broker_urls(Settings())
app = make_app({"broker": BROKER, "backend": BACKEND})
app.conf.update(
    imports=("arb_pipelines.definitions",),  # named, not imported: the front door stands above this floor
    task_default_queue="dagster",
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)
execute_plan = create_task(app)
execute_job = create_execute_job_task(app)
resume_job = create_resume_job_task(app)
