"""The files of a repository that git does not ignore: of this one, or of the folder that a test names."""
import pathlib, subprocess, sys

ROOT = pathlib.Path(sys.argv[1] if sys.argv[1:] else pathlib.Path(__file__).parents[2]).resolve()


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=30)


def names(*patterns):
    """The paths, relative to the root, of all files that match."""
    listed = git("ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns).stdout.splitlines()
    return [name for name in listed if (ROOT / name).exists()]


def texts(*patterns):
    """The paths and contents of all text files that match."""
    for name in names(*patterns):
        path = ROOT / name
        if path.is_file() and not path.is_symlink():
            try:
                yield name, path.read_text()
            except UnicodeDecodeError:
                pass  # A picture, for example.


def finish(check, findings, count):
    """Prints the findings, and exits with status 1 if there are any."""
    for finding in findings:
        print(finding)
    if not count:
        sys.exit(f"{check}: there is nothing to check")
    if findings:
        sys.exit(f"{check}: {len(findings)} places")
    print(f"{check}: {count} checked, nothing to change")
