"""Holds what deploy/ has for other hosts against their own descriptions, and against what Postern reads and serves.

usage: manifests.py KUSTOMIZED TRANSFORMED

KUSTOMIZED is what `kubectl kustomize` makes of deploy/kubernetes, or an empty file; what SAM makes of the template is written to
TRANSFORMED.
"""
import json, pathlib, re, sys

import kubernetes_validate, yaml
from aws_lambda_powertools.utilities.parser import models
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

DEPLOY = pathlib.Path("deploy")
OLDEST = "1.30"  # deploy/kubernetes/README.md names it.


def documents(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def settings_of(path):
    pairs = (line.split("=", 1) for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return dict(pairs)


# Kubernetes: its own schemas, without a property that they do not know, of the oldest and the newest version.

def valid(resource, where):
    for version in OLDEST, kubernetes_validate.latest_version():
        try:
            kubernetes_validate.validate(resource, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            sys.exit(f"manifests: {where}: {resource['kind']}: {error.message} at {list(error.path)} ({version})")


def restricted(pod, where):
    """The restricted Pod Security Standard, and a root that cannot be written."""
    for container in pod["containers"]:
        context = pod.get("securityContext", {}) | container["securityContext"]
        assert context["runAsNonRoot"] is True and context["runAsUser"] == 65532, f"{where}: may be root"
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, f"{where}: no seccomp profile"
        assert context["allowPrivilegeEscalation"] is False, f"{where}: may get rights"
        assert context["capabilities"] == {"drop": ["ALL"]}, f"{where}: has capabilities"
        assert context["readOnlyRootFilesystem"] is True, f"{where}: may write"
        assert container["resources"]["limits"]["memory"], f"{where}: may take all memory"
    assert not {"hostNetwork", "hostPID", "hostIPC", "volumes"} & pod.keys(), f"{where}: shares with its host"
    assert pod["automountServiceAccountToken"] is False and pod["enableServiceLinks"] is False, where


def kubernetes(kustomized):
    folder = DEPLOY / "kubernetes"
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    files = kustomization["resources"]
    assert {*files, "kustomization.yaml"} == {path.name for path in folder.glob("*.yaml")}, "a file is not listed"
    listed = [(path, resource) for path in files for resource in documents(folder / path)]
    images = {image["name"] for image in kustomization["images"]}
    settings, secrets = settings_of(folder / "settings.env"), settings_of(folder / "secrets.env.example")
    pods = {}
    for path, resource in listed:
        valid(resource, path)
        if resource["kind"] == "Deployment":
            pods[resource["metadata"]["name"]] = resource["spec"]["template"]
    for name, template in pods.items():
        restricted(template["spec"], name)
        for container in template["spec"]["containers"]:
            assert container["image"] in images, f"{name}: no image {container['image']}"
            for source in (entry["valueFrom"]["secretKeyRef"] for entry in container["env"] if "valueFrom" in entry):
                assert source["name"] == "postern-secrets" and source["key"] in secrets, f"{name}: no secret {source}"
    assert not settings.keys() & secrets.keys(), "a secret is among the settings"
    # Each reference names what is there: selectors, targets and ports.
    labels = [template["metadata"]["labels"] for template in pods.values()]
    for path, resource in listed:
        spec = resource.get("spec", {})
        selector = spec.get("selector") or spec.get("podSelector") or {}
        selector = selector.get("matchLabels", selector)
        assert any(selector.items() <= one.items() for one in labels), f"{path}: {selector} selects nothing"
        if "scaleTargetRef" in spec:
            assert spec["scaleTargetRef"]["name"] in pods, f"{path}: scales nothing"
    if kustomized.stat().st_size == 0:
        return
    made = documents(kustomized)
    for resource in made:
        valid(resource, "kustomized")
    kinds = sorted([resource["kind"] for _, resource in listed] + ["ConfigMap", "Secret"])
    assert sorted(resource["kind"] for resource in made) == kinds, "kustomize makes something else"


def serving(path):
    """A service of Knative's kind: a pod's specification, and a few fields more."""
    [service] = documents(path)
    assert (service["apiVersion"], service["kind"]) == ("serving.knative.dev/v1", "Service"), path
    assert service.keys() == {"apiVersion", "kind", "metadata", "spec"} and service["spec"].keys() == {"template"}, path
    pod = dict(service["spec"]["template"]["spec"])
    for name in "containerConcurrency", "timeoutSeconds":
        assert isinstance(pod.pop(name), int), f"{path}: {name}"
    [container] = pod["containers"]
    [port] = container["ports"]
    assert port == {"name": "http1", "containerPort": 8080}, f"{path}: another port"
    assert not {"PORT"} & {entry["name"] for entry in container["env"]}, f"{path}: PORT is the platform's to set"
    filled = json.loads(json.dumps(pod))
    for probe in (value for name, value in filled["containers"][0].items() if name.endswith("Probe")):
        probe["httpGet"].setdefault("port", 8080)  # Knative's to know.
    valid({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": filled}, path)
    return pod


def compose():
    services = yaml.safe_load((DEPLOY / "container/compose.yaml").read_text())["services"]
    for name, service in services.items():
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"], f"compose: {name} may write, or has rights"
        assert service["security_opt"] == ["no-new-privileges:true"], f"compose: {name} may get rights"
        assert not service.get("privileged") and not service.get("volumes") or name == "redis", f"compose: {name}"
    assert {"--appendonly", "noeviction"} <= set(services["redis"]["command"]), "compose: Redis may lose mail"


# AWS Lambda: what SAM makes of the template, for cfn-lint, and its events as another's types have them.

class NoPolicies:
    def load(self):
        return {}


def lambda_template(output):
    path = DEPLOY / "aws-lambda/template.yaml"
    template = yaml_parse(path.read_text())
    code = template["Resources"]["Handler"]["Properties"]
    archive = (path.parent / code["CodeUri"]).resolve()
    assert archive.is_file(), f"{archive} is not there"
    # As deploying does, which puts the archive there.
    code["CodeUri"] = "s3://bucket/postern-handler.zip"
    output.write_text(json.dumps(transform(template, {}, NoPolicies())))


def lambda_events():
    kinds = {
        "http-api-v2": models.APIGatewayProxyEventV2Model,
        "http-api-v2-stage": models.APIGatewayProxyEventV2Model,
        "function-url": models.LambdaFunctionUrlModel,
        "rest-v1": models.APIGatewayProxyEventModel,
        "alb": models.AlbModel,
        "alb-multi-value": models.AlbModel,
    }
    paths = {path.stem: path for path in (DEPLOY / "aws-lambda/events").glob("*.json")}
    assert paths.keys() == kinds.keys(), f"events: {paths.keys() ^ kinds.keys()}"
    for name, path in paths.items():
        event = json.loads(path.read_text())
        if name == "alb-multi-value":  # Its type knows single values only.
            for member, plural in ("headers", "multiValueHeaders"), ("queryStringParameters", "multiValueQueryStringParameters"):
                event[member] = {key: values[-1] for key, values in event.pop(plural).items()}
        kinds[name].model_validate(event)


def names():
    """No file sets what nobody reads, and no probe asks where nobody answers."""
    readme = pathlib.Path("README.md").read_text()
    source = "\n".join(path.read_text() for path in pathlib.Path("Sources/Edge").rglob("*.swift"))
    for folder in "container", "aws-lambda", "cloud-run", "knative", "kubernetes", "systemd":
        for path in (path for path in (DEPLOY / folder).rglob("*") if path.is_file()):
            text = path.read_text()
            for name in set(re.findall(r"\bPOSTERN_[A-Z_]+[A-Z]\b", text)):
                assert f"`{name}`" in readme, f"{path}: README.md does not know {name}"
            for route in set(re.findall(r"httpGet: {path: ([^,}]+)|127\.0\.0\.1:8080(/[a-z]+)", text)):
                assert f'"{route[0] or route[1]}"' in source, f"{path}: nobody answers at {route[0] or route[1]}"


if __name__ == "__main__":
    kustomized, transformed = map(pathlib.Path, sys.argv[1:])
    kubernetes(kustomized)
    restricted(serving(DEPLOY / "knative/service.yaml"), "knative")
    serving(DEPLOY / "cloud-run/service.yaml")
    compose()
    lambda_template(transformed)
    lambda_events()
    names()
    print("manifests: Kubernetes, Knative, Cloud Run, Compose, AWS Lambda")
