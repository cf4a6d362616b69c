#!/usr/bin/env bash
# Run everything that needs a GPU, in one command and less than ten minutes: the tests, the benchmark, and a short training run.
#
#   benchmarks/gpu_all.sh [FOLDER]          # default: runs/gpu
#
# FOLDER then holds these files; older ones of these names are replaced:
#   machine.txt                card, driver and versions
#   tests.txt                  pytest -m gpu
#   gpu.json, gpu.md           results of python -m benchmarks.gpu; its output is in benchmark.txt
#   training/, training.txt    tables, figures and output of four nets, trained on CIFAR-10 if it is found, else on drawn images
#   summary.txt                which stages passed
#
# A stage that fails does not stop the next one. The exit status is 0 if all stages passed, else 1.
#
# Environment variables, with their defaults:
#   PYTHON=python3
#   MINIRES_DATA                           the folder with CIFAR-10
#   ROUNDS=8                               of the benchmark
#   ITERATIONS=2000                        of the training
#   TF32=                                  1 trains in TF32
#   TESTS_LIMIT=230 BENCHMARK_LIMIT=200 TRAINING_LIMIT=120     seconds after which a stage is stopped

set -uo pipefail                 # not -e, so that the next stage starts after one that failed

python=${PYTHON:-python3}
out=${1:-runs/gpu}
mkdir -p -- "$out" || exit 1
out=$(cd -- "$out" && pwd) || exit 1
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." || exit 1
scratch=$(mktemp -d) || exit 1   # for the training run with its checkpoints
trap 'rm -rf -- "$scratch"' EXIT
trap 'exit 130' INT
failed=0

# stage NAME SECONDS FILE COMMAND...: run the command, with its output on the screen and in FILE. At the limit it is interrupted
# as by Ctrl-C.
stage() {
    local name=$1 limit=$2 file=$3 started=$SECONDS status verdict
    shift 3
    printf '\n== %s (at most %s s)\n' "$name" "$limit"
    # Not `| tee`: bash would wait for the pipe as long as any process that the stage left behind holds its end.
    timeout --foreground --signal=INT --kill-after=10 "$limit" "$@" < /dev/null > >(tee -- "$out/$file") 2>&1
    status=$?
    case $status in
        0) verdict=passed ;;
        124 | 137) verdict="FAILED: stopped after $limit s" failed=1 ;;
        *) verdict="FAILED: exit status $status" failed=1 ;;
    esac
    printf '%-10s %s, %d s\n' "$name" "$verdict" $((SECONDS - started)) | tee -a -- "$out/summary.txt"
}

machine() {
    date -u '+%Y-%m-%d %H:%M UTC'
    timeout 10 nvidia-smi || return 1
    "$python" -c '
import platform
from importlib.metadata import PackageNotFoundError, version

print("Python", platform.python_version())
for package in ("minires", "numpy", "cupy-cuda12x", "cupy-cuda13x", "torch", "pytest", "hypothesis"):
    try:
        print(package, version(package))
    except PackageNotFoundError:
        print(package, "is not installed")

from minires import backend, errors
try:
    print(backend.describe("gpu"))
except errors.DeviceError as error:
    raise SystemExit(str(error))'
}

training() {
    local dataset=cifar10
    if ! "$python" -c '
from minires import data, errors
try:
    print("data set:", data.cifar10()[0].name)
except errors.MiniresError as error:
    raise SystemExit(str(error))'
    then
        echo 'CIFAR-10 was not found, so the nets are trained on drawn images; set MINIRES_DATA to its folder'
        dataset=synthetic
    fi
    exec "$python" -m minires degradation --preset paper --dataset "$dataset" --iterations "${ITERATIONS:-2000}" --device gpu \
        ${TF32:+--tf32} --out "$scratch/training"      # exec: the signal at the limit must reach Python, not this shell
}

export -f machine training       # timeout runs programs only, so bash runs these functions
export python scratch
export MPLBACKEND=Agg PYTHONUNBUFFERED=1

: > "$out/summary.txt"
stage machine 15 machine.txt bash -c machine
stage tests "${TESTS_LIMIT:-230}" tests.txt "$python" -m pytest -o addopts=-q -m gpu --durations=10
stage benchmark "${BENCHMARK_LIMIT:-200}" benchmark.txt "$python" -m benchmarks.gpu --rounds "${ROUNDS:-8}" --out "$out"
stage training "${TRAINING_LIMIT:-120}" training.txt bash -c training

rm -rf -- "$out/training"
if [ -d "$scratch/training" ]; then
    rm -rf -- "$scratch/training/checkpoints"
    cp -R -- "$scratch/training" "$out/training"
fi

printf '\n== all stages\n'
cat -- "$out/summary.txt"
exit "$failed"
