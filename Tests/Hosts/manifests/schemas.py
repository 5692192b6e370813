"""Kubernetes' own schemas."""
import functools, json

import kubernetes_validate

# The version that deploy/kubernetes/README.md names, and a fixed later one: the newest would change by itself.
VERSIONS = "1.30", "1.37"


@functools.cache
def valid_text(text):
    resource = json.loads(text)
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(resource, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            raise AssertionError(f"{resource['kind']}: {error.message} at {list(error.path)} ({version})") from None


def valid(resource):
    """Validates a resource with Kubernetes' own schemas. Unknown properties are refused."""
    valid_text(json.dumps(resource))
