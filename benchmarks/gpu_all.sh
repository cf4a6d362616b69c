#!/usr/bin/env bash
# Everything that only a GPU can show, in one command and less than ten minutes: the tests, the benchmark, and a short training run.
#
#   benchmarks/gpu_all.sh [FOLDER]          # default: runs/gpu
#
# FOLDER then holds (what was there under these names is replaced):
#   machine.txt                card, driver and versions
#   tests.txt                  pytest -m gpu
#   gpu.json, gpu.md           python -m benchmarks.gpu; what it printed meanwhile is in benchmark.txt
#   training/, training.txt    tables and figures of four nets on CIFAR-10 if it is found (MINIRES_DATA), else on drawn images
#   summary.txt                which stages passed
#
# No stage stops the next. The exit status is 0 if all passed, else 1. Variables: PYTHON (python3), ROUNDS (8) of the benchmark,
# ITERATIONS (2000) of the training, TF32 (empty; 1 trains in TF32), and the stages' time limits in seconds, TESTS_LIMIT (230),
# BENCHMARK_LIMIT (200) and TRAINING_LIMIT (120).

set -uo pipefail                 # not -e: a stage that fails is noted, and the next one starts

python=${PYTHON:-python3}
out=${1:-runs/gpu}
mkdir -p -- "$out" || exit 1
out=$(cd -- "$out" && pwd) || exit 1
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." || exit 1
scratch=$(mktemp -d) || exit 1   # for the training run with its checkpoints
trap 'rm -rf -- "$scratch"' EXIT
trap 'exit 130' INT
failed=0

# stage NAME SECONDS FILE COMMAND...: run it, its output on the screen and in FILE; at the limit as if Ctrl-C was pressed.
stage() {
    local name=$1 limit=$2 file=$3 started=$SECONDS status verdict
    shift 3
    printf '\n== %s (at most %s s)\n' "$name" "$limit"
    # No pipe: it would be waited for as long as any process that a stage has left behind holds its end.
    timeout --foreground --signal=INT --kill-after=10 "$limit" "$@" < /dev/null > >(tee -- "$out/$file") 2>&1
    status=$?
    case $status in
        0) verdict=passed ;;
        124 | 137) verdict="FAILED: cut short after $limit s" failed=1 ;;
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
        echo 'CIFAR-10 cannot be used (MINIRES_DATA says where it is): training on the drawn images instead'
        dataset=synthetic
    fi
    exec "$python" -m minires degradation --preset paper --dataset "$dataset" --iterations "${ITERATIONS:-2000}" --device gpu \
        ${TF32:+--tf32} --out "$scratch/training"      # in the place of this shell, so that it gets the signal at the limit
}

export -f machine training       # timeout starts programs only, so functions go by way of bash
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
