"""deploy/kubernetes, as kubectl sends it, through kubeconform: python -m tests.manifests; `make manifests`.

The schemas are those of kubernetes-validate, which requirements.lock pins: nothing is fetched.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import kubernetes_validate

FOLDER = Path(__file__).parents[1] / "deploy" / "kubernetes"
VERSION = kubernetes_validate.latest_version()
_PACKED = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema" / f"v{VERSION}-local-strict"
# The file of a kind, as kubernetes-validate names it.
PLACE = "{kind}{suffix}.json"


def schemas(target: Path) -> None:
    """The strict schemas of every kind, in files that refer to each other and to no address in the web."""
    for packed in _PACKED.glob("*.json"):
        text = packed.read_text("utf-8").replace('"/api/_definitions.json#', '"_definitions.json#')
        (target / packed.name).write_text(text.replace('"$id": "https://', '"$comment": "https://'), "utf-8")


def rendered() -> str:
    """What kustomize makes of the folder; a key in kustomization.yaml that it does not know it refuses."""
    command = ["kustomize", "build"] if shutil.which("kustomize") else ["kubectl", "kustomize"]
    return subprocess.run([*command, FOLDER], check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def main() -> int:
    """What kubeconform says; it has no word for an object without a schema but that it failed."""
    if shutil.which("kubeconform") is None:
        sys.stderr.write("there is no kubeconform here (github.com/yannh/kubeconform)\n")
        return 1
    with TemporaryDirectory() as folder:
        schemas(Path(folder))
        place = PLACE.format(kind="{{ .ResourceKind }}", suffix="{{ .KindSuffix }}")
        command = ["kubeconform", "-strict", "-summary", "-kubernetes-version", VERSION,
                   "-schema-location", f"{folder}/{place}", "-"]  # fmt: skip
        return subprocess.run(command, input=rendered(), encoding="utf-8", check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
