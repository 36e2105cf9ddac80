"""Figures put into CloudWatch, where the alarms of an AWS account look.

What belongs here: the one call, in batches that it takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

BATCH = 500  # the call takes 1,000 figures and 1 MB


class Figure(Protocol):
    """What is put: `adapters.sql.metrics.Metric` or its like."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def value(self) -> float:
        """Its value."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """What it is about; CloudWatch calls them dimensions."""
        ...


class CloudWatch:
    """Puts figures into one namespace."""

    def __init__(self, client: Any, namespace: str) -> None:
        """Use a boto3 client."""
        self._client = client
        self._namespace = namespace

    def put(self, figures: Iterable[Figure], at: datetime) -> int:
        """Put figures of one moment and return how many.

        Raises:
            OSError: CloudWatch refuses or does not answer; the message says which.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        data = [
            {
                "MetricName": figure.name,
                "Dimensions": [{"Name": name, "Value": text} for name, text in figure.labels.items()],
                "Timestamp": at,
                "Value": figure.value,
            }
            for figure in figures
        ]
        try:
            for start in range(0, len(data), BATCH):
                self._client.put_metric_data(Namespace=self._namespace, MetricData=data[start : start + BATCH])
        except (BotoCoreError, ClientError) as error:
            answer = getattr(error, "response", {})
            code = answer.get("Error", {}).get("Code", type(error).__name__)
            raise OSError(f"CloudWatch took no figures: {code}") from error
        return len(data)


def open_cloudwatch(namespace: str, region: str | None) -> CloudWatch:
    """Return CloudWatch of one region; a call takes at most about 20 s."""
    import boto3
    from botocore.config import Config

    limits = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "max_attempts": 2})
    return CloudWatch(boto3.client("cloudwatch", region_name=region, config=limits), namespace)
