"""Kubernetes' own schemas."""
import functools, json

import kubernetes_validate

# The one that deploy/kubernetes/README.md names, and one that is known: the newest would be another one each time.
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
    """By Kubernetes' own schemas, without a property that they do not know."""
    valid_text(json.dumps(resource))
