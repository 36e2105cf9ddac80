"""Which executor runs the steps of jobs that do not choose one themselves: a setting decides.

What belongs here: the choice. Addresses come from the environment inside each process, so no page shows them.
"""

from dagster import ExecutorDefinition, in_process_executor

from arb_pipelines.cloud_settings import Executor


def build_executor(kind: Executor) -> ExecutorDefinition:
    """Return the executor; on one machine the run's own process, because a second one would add 3-4 CPU seconds."""
    if kind is Executor.CELERY:
        from dagster_celery import celery_executor

        addresses = {"broker": {"env": "ARB_CELERY_BROKER_URL"}, "backend": {"env": "ARB_CELERY_BACKEND_URL"}}
        return celery_executor.configured(addresses, name="celery")
    if kind is Executor.K8S:
        from dagster_k8s import k8s_job_executor

        return k8s_job_executor
    return in_process_executor
