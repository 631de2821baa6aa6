#!/usr/bin/env bash
# Gradescope runs this once, as root and with a network, when the autograder is uploaded.
# Written by `grader pack gradescope` of cnn-grader $version.
set -euo pipefail

root=/autograder
source="$$root/source"
export GRADER_CACHE="$$root/cache"

# What lies here is the course's: rubric, reference and held-out pictures are root's alone.
chmod -R go-rwx "$$source"
mkdir -p "$$GRADER_CACHE"
chmod 700 "$$GRADER_CACHE"

fitting() {
    for one in python3.13 python3.12 python3.11 python3; do
        if "$$one" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$$one"
            return
        fi
    done
    return 1
}

if ! python="$$(fitting)"; then
    apt-get update
    apt-get install --yes --no-install-recommends python3 python3-venv
    if ! python="$$(fitting)"; then
        apt-get install --yes --no-install-recommends python3.11 python3.11-venv
        python="$$(fitting)"
    fi
fi

"$$python" -m venv "$$root/python"
"$$root/python/bin/python" -m pip install --disable-pip-version-check --no-cache-dir \
    --constraint "$$source/constraints.txt" $options"$$source/$wheel[torch]"
"$$root/python/bin/python" -P -m grader.packing.autograde prepare "$$root"
