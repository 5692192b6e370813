"""Checks the files in deploy/ for each host with the host's own schemas, and with the settings and routes of Postern.

usage: manifests FOLDER

FOLDER has kubernetes.yaml and knative.yaml, the results of `kubectl kustomize` for the folders of these names, or empty
files. The template for AWS Lambda is expanded by SAM's translator into template.json there.
"""
import pathlib, sys

import aws_lambda, cluster, compose, faults, names, serving
from files import documents, made


COMPONENTS = {"kubernetes": ["api", "handler", "worker"], "knative": ["handler", "worker"]}


def check(deploy):
    """Every check that needs no other program, and so can be repeated for each fault."""
    for folder, components in COMPONENTS.items():
        cluster.hold(made(deploy / folder), folder, components)
    serving.cloud_run(deploy / "cloud-run")
    compose.hold(deploy / "container")
    names.hold(deploy)


def kustomized(path, expected):
    """Checks a result of `kubectl kustomize`.

    It has the same resources, in the namespace, with names that depend on the contents of settings and secrets.
    """
    found = documents(path)
    cluster.hold(found, path.name, COMPONENTS[path.stem])
    kinds = [sorted(resource["kind"] for resource in resources) for resources in (found, expected)]
    assert kinds[0] == kinds[1], f"{path.name}: kustomize makes other resources"
    outside = {resource["kind"] for resource in found if resource["metadata"].get("namespace") != "postern"}
    assert outside == {"Namespace"}, f"{path.name}: outside of the namespace: {outside}"
    kept = [resource["metadata"]["name"] for resource in found if resource["kind"] in ("ConfigMap", "Secret")]
    fixed = {"postern-settings", "postern-secrets"} & {*kept}
    assert not fixed, f"{path.name}: a change of {fixed} does not replace the pods"


if __name__ == "__main__":
    deploy, folder = pathlib.Path("deploy"), pathlib.Path(sys.argv[1])
    check(deploy)
    for name in COMPONENTS:
        if (folder / f"{name}.yaml").stat().st_size:
            kustomized(folder / f"{name}.yaml", made(deploy / name))
    aws_lambda.hold(deploy / "aws-lambda", folder / "template.json")
    faults.hold(check)
    print(f"manifests: Kubernetes, Knative, Cloud Run, Compose, AWS Lambda; {len(faults.FAULTS)} faults are noticed")
