"""The sensor that tells CloudWatch how the trade stands; it starts no run.

What belongs here: that sensor. Prometheus asks the API instead.
"""

from dagster import DefaultSensorStatus, SkipReason, sensor

from arb_pipelines.adapters.aws.cloudwatch import open_cloudwatch
from arb_pipelines.adapters.sql.metrics import load_metrics
from arb_pipelines.defs.resources import SettingsResource, SystemClock
from arb_pipelines.settings import Settings

IS_ON = Settings().cloudwatch_namespace is not None
EVERY_S = 300  # a figure of its own costs money by the call


@sensor(
    minimum_interval_seconds=EVERY_S,
    default_status=DefaultSensorStatus.RUNNING if IS_ON else DefaultSensorStatus.STOPPED,
)
def metrics_sensor(settings: SettingsResource) -> SkipReason:
    """Put the figures of the books into the namespace of `cloudwatch_namespace`."""
    values = settings.values
    if values.cloudwatch_namespace is None:
        return SkipReason("no namespace is set (ARB_CLOUDWATCH_NAMESPACE)")
    now = SystemClock().now()
    cloudwatch = open_cloudwatch(values.cloudwatch_namespace, values.aws_region)
    return SkipReason(f"{cloudwatch.put(load_metrics(values.books_url, now), now)} figures put")
