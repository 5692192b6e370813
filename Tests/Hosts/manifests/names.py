"""Every variable in the files is a setting, and every probed path is a route."""
import pathlib, re

from files import SETTINGS

# A secret may be in a file, which the variable with this end names.
SECRETS = re.findall(r'"([A-Z_]+)"', re.search(
    r"secretNames: Set<String> = \[(.*?)\]", pathlib.Path("Sources/Core/Settings/SettingFile.swift").read_text(), re.S)[1])


def hold(deploy):
    source = "\n".join(path.read_text() for path in pathlib.Path("Sources").rglob("*.swift")
                       if "Telemetry" not in path.parts)  # Its paths are served on another port.
    for folder in "container", "aws-lambda", "cloud-run", "knative", "kubernetes", "systemd":
        for path in (path for path in (deploy / folder).rglob("*") if path.is_file()):
            text = path.read_text()
            for name in set(re.findall(r"\bPOSTERN_[A-Z_]+[A-Z]\b", text)):
                setting = name.removesuffix("_FILE")
                assert name in SETTINGS or setting != name and setting in SECRETS, f"{path}: SETTINGS.md does not have {name}"
            for route in set(re.findall(r"httpGet: {path: ([^,}]+)|127\.0\.0\.1:8080(/[a-z]+)", text)):
                assert f'"{route[0] or route[1]}"' in source, f"{path}: there is no route {route[0] or route[1]}"
