"""How fast minires is, beside PyTorch. Each program is run by ``python -m benchmarks.NAME``:

`cpu`             steps of nets and kernels, on the processor
`gpu`             the same on a GPU; `gpu_all.sh` also runs the tests and a short training there
`experiments`     whole experiments, with one worker process and with several
`ranks`           steps on several processes, by MPI
`public_weights`  not a time, but whether both libraries predict the same class for every image

Recorded results are in the folder ``results``, and NOTES.md says what was tried.
"""
