# To be sourced: installs what the tests of manifests and images run with, each at its version, into a
# folder beside what cargo builds; sets KUSTOMIZE, PYTEST and POSTERN_BIN.
kustomize_version=v5.8.2
kubernetes_version=v1.37.2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}
tools=$target/tools
mkdir -p "$tools"
tools=$(cd "$tools" && pwd)

export KUSTOMIZE=$tools/kustomize-$kustomize_version
if [ ! -x "$KUSTOMIZE" ]; then
  GOBIN=$tools go install "sigs.k8s.io/kustomize/kustomize/v5@$kustomize_version"
  mv "$tools/kustomize" "$KUSTOMIZE"
fi

# Another list of requirements is another environment. `more` names a second list, where there is one.
requirements=("$here/requirements.txt" ${more:+"$more"})
venv=$tools/python-$(cat "${requirements[@]}" | sha256sum | cut -c 1-16)
if [ ! -x "$venv/bin/pytest" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps "${requirements[@]/#/--requirement=}"
fi
PYTEST=$venv/bin/pytest
export PYTHONDONTWRITEBYTECODE=1 POSTERN_BIN=${POSTERN_BIN:-$target/debug/postern}

# programs MODULE PACKAGE...: builds programs of the Go module in that folder, each once for one state of its
# lock files, and prints the folder that they are in. The API server offers what its version says.
programs() (
  cd "$1"
  folder=$tools/$(basename "$PWD")-$(cat go.mod go.sum | sha256sum | cut -c 1-16)
  version=k8s.io/component-base/version
  mkdir -p "$folder"
  shift
  for package; do
    built=$folder/.${package//\//-}
    if [ ! -e "$built" ]; then
      echo "building $package" >&2
      CGO_ENABLED=0 go build -trimpath -o "$folder/" -ldflags \
        "-s -w -X $version.gitVersion=$kubernetes_version -X $version.gitMajor=1 -X $version.gitMinor=37" "$package"
      touch "$built"
    fi
  done
  echo "$folder"
)

# Where the kinds come from that a cluster learns: modules, of which nothing but manifests is read.
gateway_api=sigs.k8s.io/gateway-api@v1.6.3
cert_manager=github.com/cert-manager/cert-manager@v1.21.2
prometheus_operator=github.com/prometheus-operator/prometheus-operator@v0.85.0

# kinds: prints the folders of their definitions, downloaded if they must be.
kinds() (
  cd /
  folder() { go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'; }
  printf '%s/config/crd/standard:%s/deploy/crds:%s/example/prometheus-operator-crd' \
    "$(folder "$gateway_api")" "$(folder "$cert_manager")" "$(folder "$prometheus_operator")"
)
