"""What is read: manifests, files of settings, kustomizations, and README.md's tables."""
import base64, pathlib, re

import yaml

README = pathlib.Path("README.md").read_text()


def documents(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def settings_of(path):
    """A file of settings, or the example of one that is not kept."""
    example = path.with_name(path.name + ".example")
    assert path.exists() or example.exists(), f"there is no {path}, and no example of it"
    lines = (example if example.exists() else path).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def required():
    """The settings that README.md's tables call required, by who reads them."""
    section = README.split("\n## Settings\n")[1].split("\n## ")[0]
    handler, worker = section.split("\nThe worker reads ")
    shared, worker = worker.split("\n\n", 1)
    rows = re.compile(r"^\| `(\w+)` \| required \|", re.MULTILINE)
    names = {"handler": {*rows.findall(handler)}, "worker": {*rows.findall(worker)}}
    assert all(names.values()), "README.md's tables are made otherwise now"
    names["worker"] |= names["handler"] & {*re.findall(r"`(\w+)`", shared)}
    return names


def made(folder):
    """What `kubectl kustomize` makes of a folder, without namespaces and names' hashes, and with the secrets' example."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    listed = kustomization["resources"]
    files = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml", *kustomization.get("configurations", [])}
    assert files == {name for name in listed if name.endswith(".yaml")}, f"{folder}: other files than it lists"
    resources = []
    for name in listed:
        resources += documents(folder / name) if name.endswith(".yaml") else made(folder / name)
    for kind, key in ("ConfigMap", "configMapGenerator"), ("Secret", "secretGenerator"):
        for generator in kustomization.get(key, []):
            values = {name: value for file in generator["envs"] for name, value in settings_of(folder / file).items()}
            if kind == "Secret":
                values = {name: base64.b64encode(value.encode()).decode() for name, value in values.items()}
            metadata = {"name": generator["name"]}
            resources.append({"apiVersion": "v1", "kind": kind, "metadata": metadata, "data": values})
    images = {image["name"]: f"{image['newName']}:{image['newTag']}" for image in kustomization.get("images", [])}
    for resource in resources:
        template = resource.get("spec", {}).get("template", {})
        for container in template.get("spec", {}).get("containers", []):
            container["image"] = images.get(container["image"], container["image"])
    return resources
