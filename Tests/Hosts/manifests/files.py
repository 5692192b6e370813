"""The files that are read: manifests, settings, kustomizations, and the tables of SETTINGS.md."""
import base64, pathlib, sys

import yaml

sys.path.insert(0, "Tests/Documents")
import markdown

SETTINGS = markdown.settings(pathlib.Path("deploy/SETTINGS.md").read_text())


def documents(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def settings_of(path):
    """A file of settings, or the example of one that is not in the repository."""
    example = path.with_name(path.name + ".example")
    assert path.exists() or example.exists(), f"there is no {path}, and no example of it"
    lines = (example if example.exists() else path).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def required():
    """The settings that SETTINGS.md calls required, by the program that reads them."""
    names = {program: {name for name, row in SETTINGS.items()
                       if row["default"] == "required" and program in row["read by"].split(", ")}
             for program in ("handler", "api", "worker")}
    assert all(names.values()), "SETTINGS.md names no required settings"
    return names


def made(folder):
    """The resources that `kubectl kustomize` makes of a folder.

    They have no namespaces, no hashes in names, and the example's secrets.
    """
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    listed = kustomization["resources"]
    others = {"kustomization.yaml", *kustomization.get("configurations", [])}
    files = {path.name for path in folder.glob("*.yaml")} - others
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
