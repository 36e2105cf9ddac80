"""Secrets in AWS Secrets Manager: one secret a group, its text a JSON object.

What belongs here: the one call and what its refusals mean. Credentials of AWS itself come from its own chain (role of
the machine, profile, environment).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from arb_pipelines.adapters.secrets.port import SecretError, text_values

REASONS = {
    "ResourceNotFoundException": "there is no such secret",
    "AccessDeniedException": "this account may not read it (secretsmanager:GetSecretValue)",
    "DecryptionFailure": "its key may not be used (kms:Decrypt)",
    "InvalidRequestException": "it is marked for deletion",
    "UnrecognizedClientException": "AWS does not know these credentials",
}


class AwsSecrets:
    """Fulfils `SecretStore` over Secrets Manager."""

    name = "AWS Secrets Manager"

    def __init__(self, client: Any, prefix: str = "") -> None:
        """Read secrets named `prefix` + group through a boto3 client."""
        self._client = client
        self._prefix = prefix

    def fetch(self, group: str) -> Mapping[str, str]:
        """Return the current version of a group.

        Raises:
            SecretError: it is missing, refused or no JSON object, or AWS does not answer.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client.get_secret_value(SecretId=f"{self._prefix}{group}")
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "unknown"))
            is_final = code in REASONS
            raise SecretError(group, self.name, REASONS.get(code, f"AWS says {code}"), is_final=is_final) from None
        except BotoCoreError as error:
            raise SecretError(group, self.name, type(error).__name__) from None
        try:
            values = json.loads(answer.get("SecretString") or "null")
        except ValueError:
            raise SecretError(group, self.name, "its text is not JSON", is_final=True) from None
        return text_values(group, self.name, values)


def open_aws(region: str | None, prefix: str, endpoint_url: str | None = None) -> AwsSecrets:
    """Return the store of one region; a call takes at most about 10 s."""
    import boto3
    from botocore.config import Config

    limits = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "max_attempts": 2})
    return AwsSecrets(
        boto3.client("secretsmanager", region_name=region, endpoint_url=endpoint_url, config=limits), prefix
    )
