"""Partitions: one a site (so that the page shows each site green or missing), one a training date."""

from __future__ import annotations

from dagster import DailyPartitionsDefinition, DynamicPartitionsDefinition

# Sites come and go without a reload of the code location, so their partitions are dynamic.
SITES = DynamicPartitionsDefinition(name="sites")

# A training date is the last day whose data the model may know; `end_offset` lets today be trained on.
TRAINING_DATES = DailyPartitionsDefinition(start_date="2026-01-01", end_offset=1)
