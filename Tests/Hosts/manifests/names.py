"""No file sets what nobody reads, and no probe asks where nobody answers."""
import pathlib, re

from files import README


def hold(deploy):
    source = "\n".join(path.read_text() for path in pathlib.Path("Sources/Edge").rglob("*.swift"))
    for folder in "container", "aws-lambda", "cloud-run", "knative", "kubernetes", "systemd":
        for path in (path for path in (deploy / folder).rglob("*") if path.is_file()):
            text = path.read_text()
            for name in set(re.findall(r"\bPOSTERN_[A-Z_]+[A-Z]\b", text)):
                assert f"`{name}`" in README, f"{path}: README.md does not know {name}"
            for route in set(re.findall(r"httpGet: {path: ([^,}]+)|127\.0\.0\.1:8080(/[a-z]+)", text)):
                assert f'"{route[0] or route[1]}"' in source, f"{path}: nobody answers at {route[0] or route[1]}"
