"""Holds what deploy/ has for other hosts against their own descriptions, and against what Postern reads and serves.

usage: manifests FOLDER

In FOLDER are kubernetes.yaml and knative.yaml, which `kubectl kustomize` made of the folders of that name, or which are empty.
What SAM makes of the template for AWS Lambda is written there, as template.json.
"""
import pathlib, sys

import aws_lambda, cluster, compose, faults, names, serving
from files import documents, made


def check(deploy):
    """All that has no need of other programs, and so can be done over and over."""
    for folder in "kubernetes", "knative":
        cluster.hold(made(deploy / folder), folder)
    serving.cloud_run(deploy / "cloud-run")
    compose.hold(deploy / "container")
    names.hold(deploy)


def kustomized(path, expected):
    """What `kubectl kustomize` made: the same, in the namespace, and by names that hang on what is in settings and secrets."""
    found = documents(path)
    cluster.hold(found, path.name)
    kinds = [sorted(resource["kind"] for resource in resources) for resources in (found, expected)]
    assert kinds[0] == kinds[1], f"{path.name}: kustomize makes something else"
    outside = {resource["kind"] for resource in found if resource["metadata"].get("namespace") != "postern"}
    assert outside == {"Namespace"}, f"{path.name}: outside of the namespace: {outside}"
    kept = [resource["metadata"]["name"] for resource in found if resource["kind"] in ("ConfigMap", "Secret")]
    assert not {"postern-settings", "postern-secrets"} & {*kept}, f"{path.name}: a change makes no pods anew"


if __name__ == "__main__":
    deploy, folder = pathlib.Path("deploy"), pathlib.Path(sys.argv[1])
    check(deploy)
    for name in "kubernetes", "knative":
        if (folder / f"{name}.yaml").stat().st_size:
            kustomized(folder / f"{name}.yaml", made(deploy / name))
    aws_lambda.hold(deploy / "aws-lambda", folder / "template.json")
    faults.hold(check)
    print(f"manifests: Kubernetes, Knative, Cloud Run, Compose, AWS Lambda; {len(faults.FAULTS)} faults are noticed")
