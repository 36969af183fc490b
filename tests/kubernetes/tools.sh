# To be sourced: installs what the tests of manifests and images run with, each at its version, into a
# folder beside what cargo builds; sets KUSTOMIZE, PYTEST and POSTERN_BIN.
kustomize_version=v5.8.2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}
tools=$target/tools
mkdir -p "$tools"

export KUSTOMIZE=$tools/kustomize-$kustomize_version
if [ ! -x "$KUSTOMIZE" ]; then
  GOBIN=$tools go install "sigs.k8s.io/kustomize/kustomize/v5@$kustomize_version"
  mv "$tools/kustomize" "$KUSTOMIZE"
fi

# Another list of requirements is another environment.
venv=$tools/python-$(sha256sum "$here/requirements.txt" | cut -c 1-16)
if [ ! -x "$venv/bin/pytest" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$here/requirements.txt"
fi
PYTEST=$venv/bin/pytest
export PYTHONDONTWRITEBYTECODE=1 POSTERN_BIN=${POSTERN_BIN:-$target/debug/postern}
