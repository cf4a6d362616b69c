"""The simulated GPU: it runs kernels as a GPU would, and catches mistakes that a GPU would not."""

import copy
import gc
from types import SimpleNamespace

import numpy as np
import pytest

from tests import simulator
from tests.simulator import cupy

pytestmark = pytest.mark.skipif(simulator.missing() is not None, reason=str(simulator.missing()))

BLOCK = 64
ADD = """
typedef REAL real;
extern "C" __global__ void add(
    const real* __restrict__ x, const real* __restrict__ y, real* __restrict__ z, int n
) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n BEYOND) z[i] = x[i] + y[i];
}
"""
SUMS = """
#define THREADS 64
static __device__ float block_sum(float value, float* part) {
    part[threadIdx.x] = value;
    __syncthreads();
    for (int half = THREADS / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
        __syncthreads();        // in the loop
    }
    return part[0];
}
extern "C" __global__ void __launch_bounds__(THREADS) block_sums(const float* x, float* sums) {
    __shared__ float part[THREADS];
    float sum = block_sum(x[blockIdx.x * THREADS + threadIdx.x], part);
    if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}
"""


@pytest.fixture(autouse=True)
def working_device():
    simulator.reset()
    yield
    simulator.reset()


def kernel(code, name, *options):
    return cupy.RawModule(code=code, options=options, backend="nvrtc").get_function(name)


def adder(real="float", beyond=""):
    return kernel(ADD.replace("BEYOND", beyond), "add", f"-DREAL={real}")


def small(parameters, body):
    """A kernel of one thread or a few."""
    return kernel(f'extern "C" __global__ void small({parameters}) {{ {body} }}', "small")


def floats(*shape):
    return cupy.asarray(np.random.default_rng(0).standard_normal(shape).astype(np.float32))


def same_bits(a, b):
    return a.get().tobytes() == b.get().tobytes()


# Kernels that are right


@pytest.mark.parametrize("real, dtype", [("float", np.float32), ("double", np.float64)])
def test_vector_add(real, dtype):
    host = np.random.default_rng(0).standard_normal((2, 100)).astype(dtype)
    x, y = cupy.asarray(host[0]), cupy.asarray(host[1])
    z = cupy.empty_like(x)
    adder(real)((2,), (BLOCK,), (x, y, z, np.int32(100)))
    assert z.dtype == dtype
    np.testing.assert_array_equal(z.get(), host[0] + host[1])
    assert simulator.launches == [("add", (2, 1, 1), (BLOCK, 1, 1))]


def test_three_axes_of_grid_and_block():
    a = cupy.empty((2 * 3, 4 * 5, 6 * 7), np.int64)
    where = small(
        "long long* a",
        """
        long long x = blockIdx.x * blockDim.x + threadIdx.x, width = gridDim.x * blockDim.x;
        long long y = blockIdx.y * blockDim.y + threadIdx.y, height = gridDim.y * blockDim.y;
        long long z = blockIdx.z * blockDim.z + threadIdx.z;
        a[(z * height + y) * width + x] = (z * 100 + y) * 100 + x;""",
    )
    for order in ("ascending", "descending"):
        a.fill(0)
        with simulator.thread_order(order):
            where((6, 4, 2), (7, 5, 3), (a,))
        z, y, x = np.indices(a.shape)
        np.testing.assert_array_equal(a.get(), (z * 100 + y) * 100 + x)


def test_block_sums_with_barriers():
    x, sums = floats(3, BLOCK), cupy.empty(3, np.float32)
    both = []
    for order in ("ascending", "descending"):
        with simulator.thread_order(order):
            kernel(SUMS, "block_sums")((3,), (BLOCK,), (x, sums))
        np.testing.assert_allclose(sums.get(), x.get().sum(1), rtol=1e-5, atol=1e-6)
        both.append(sums.copy())
    assert same_bits(*both)


def test_pointer_table():
    arrays = [floats(n) for n in (3, 5)]
    table = cupy.asarray(np.array([a.data.ptr for a in arrays], np.uint64))
    sizes, before = cupy.asarray(np.array([3, 5], np.int32)), [a.get() for a in arrays]
    twice = small(
        "const unsigned long long* pointers, const int* sizes",
        "float* x = (float*)pointers[blockIdx.x]; for (int i = threadIdx.x; i < "
        "sizes[blockIdx.x]; i += 2) x[i] *= 2;",
    )
    twice((2,), (2,), (table, sizes))
    for a, old in zip(arrays, before):
        np.testing.assert_array_equal(a.get(), 2 * old)
    with pytest.raises(
        RuntimeError, match="small: wrote out of bounds: to element 3 of 3 .float32"
    ):
        twice((1,), (2,), (table, sizes + np.int32(1)))


def test_kernels_out_of_a_macro_and_named_like_a_c_function():
    code = (
        '#define MAP(name, f) extern "C" __global__ void name(double* x) { *x = f(*x); '
        "}\nMAP(index, exp)"
    )
    x = cupy.ones(1)
    kernel(code, "index")((1,), (1,), (x,))
    assert x.item() == pytest.approx(np.e)


# Kernels that are wrong


@pytest.mark.parametrize(
    "missing",
    [("__syncthreads();        // in the loop", ""), ("__syncthreads();\n    for", "for")],
    ids=["in the loop", "before the loop"],
)
def test_a_missing_barrier_shows_in_the_two_orders(missing):
    code = SUMS.replace(*missing)
    x, sums = floats(1, BLOCK), []
    for order in ("ascending", "descending"):
        sums.append(cupy.empty(1, np.float32))
        with simulator.thread_order(order):
            kernel(code, "block_sums")((1,), (BLOCK,), (x, sums[-1]))
    assert not same_bits(*sums)


def test_a_race_of_blocks_shows_in_the_two_orders():
    x = cupy.empty(1, np.float32)
    race = small("float* x", "x[0] = blockIdx.x;")
    race((3,), (1,), (x,))
    assert x.item() == 2
    with simulator.thread_order("descending"):
        race((3,), (1,), (x,))
    assert x.item() == 0


@pytest.mark.parametrize(
    "body, where",
    [
        (
            "if (threadIdx.x < 3)\n __syncthreads();",
            "some threads wait in line 2, others of the block have finished",
        ),
        (
            "if (threadIdx.x > 0)\n return;\n __syncthreads();",
            "wait in line 3, others of the block have finished",
        ),
        (
            "if (threadIdx.x < 3)\n __syncthreads();\nelse\n __syncthreads();",
            "wait in line 4, others of the block wait in line 2",
        ),
        (
            "__syncthreads();\nif (threadIdx.x == 1)\n __syncthreads();",
            "wait in line 3, others of the block have finished",
        ),
    ],
)
def test_barrier_divergence(body, where):
    diverging, x = small("float* x", body + "\nx[0] += 1;"), cupy.zeros(1, np.float32)
    for order in ("ascending", "descending"):
        with (
            simulator.thread_order(order),
            pytest.raises(RuntimeError, match=f"small: barrier divergence: .*{where}"),
        ):
            diverging((1,), (8,), (x,))
    x.fill(0)
    diverging(
        (1,), (1,), (x,)
    )  # one thread alone cannot diverge, and the other threads do not wake up again
    assert float(x[0]) == 1


@pytest.mark.parametrize("real, dtype", [("float", np.float32), ("double", np.float64)])
def test_one_element_past_the_end(real, dtype):
    x, y = cupy.ones(BLOCK, dtype), cupy.zeros(BLOCK, dtype)
    for z in (cupy.empty_like(x), y, x):  # in place too, where a guard is read before it is written
        with pytest.raises(
            RuntimeError, match=f"add: wrote out of bounds: to element 64 of 64 .{x.dtype}"
        ):
            adder(real, beyond="+ 1")((2,), (BLOCK,), (x, y, z, np.int32(BLOCK)))
        adder(real)((1,), (BLOCK,), (x, y, z, np.int32(BLOCK)))  # the guard is whole again


@pytest.mark.parametrize(
    "kind, dtype",
    [("float", np.float32), ("double", np.float64), ("int", np.int32), ("unsigned char", np.uint8)],
)
def test_a_copy_past_the_end(kind, dtype):
    x, y = cupy.ones(4, dtype), cupy.zeros(4, dtype)
    with pytest.raises(RuntimeError, match="small: wrote out of bounds: to element 4 of 4"):
        small(f"const {kind}* x, {kind}* y", "y[threadIdx.x] = x[threadIdx.x];")((1,), (5,), (x, y))


def test_before_the_start():
    for x in (floats(5), floats(5) * 2, cupy.asarray(np.zeros(3, np.int8))):
        before = small("float* x" if x.dtype == np.float32 else "signed char* x", "x[-2] = 1;")
        with pytest.raises(RuntimeError, match=f"wrote out of bounds: to element -2 of {x.size}"):
            before((1,), (1,), (x,))


@pytest.mark.parametrize(
    "body, signal", [("x[1ll << 45] = 1;", "SIGSEGV"), ("x[0] = n / (n - 1);", "SIGFPE")]
)
def test_a_fault_that_would_end_python_is_an_error(body, signal):
    x = floats(1)
    with pytest.raises(RuntimeError, match=f"small: {signal}"):
        small("float* x, int n", "__syncthreads(); " + body)((1,), (4,), (x, np.int32(1)))


def test_memory_that_was_never_written_is_garbage():
    x, n = floats(4), cupy.empty(3, np.int64)
    z = cupy.empty_like(x)
    assert (
        np.isnan(cupy.empty((2, 2)).get()).all()
        and np.isnan(np.empty_like(x).get()).all()
        and (n.get() > 2**60).all()
    )
    add = adder()
    add((1,), (BLOCK,), (x, cupy.empty(4, np.float32), z, np.int32(4)))
    assert np.isnan(z.get()).all()
    add((1,), (BLOCK,), (x, x[2:], z, np.int32(4)))  # reads two elements past the end
    assert np.isnan(z.get()).tolist() == [False, False, True, True]


def test_shared_memory_is_garbage_in_every_block():
    x = cupy.empty(2, np.float32)
    small("float* x", "__shared__ float part[3]; x[blockIdx.x] = part[1]; part[1] = 1;")(
        (2,), (1,), (x,)
    )
    assert np.isnan(x.get()).all()


def test_compile_error():
    with pytest.raises(cupy.cuda.compiler.CompileException) as caught:
        kernel('extern "C" __global__ void f(float* x) {\n  x[0] = 1;\n  x[0] = oops;\n}', "f")
    assert "kernel.cu:3:" in caught.value.get_message() and "oops" in str(caught.value)
    with pytest.raises(
        cupy.cuda.compiler.CompileException, match="kernel.cu:1:.*math.h"
    ):  # NVRTC has no such header
        kernel("#include <math.h>", "f")
    with pytest.raises(RuntimeError, match="not found"):
        kernel(SUMS, "block_sum")


# Wrong launches


@pytest.mark.parametrize(
    "place, wrong, message",
    [
        (0, np.zeros(4, np.float32), "expected a device array, got <class 'numpy.ndarray'>"),
        (0, None, "expected a device array"),
        (2, cupy.empty(4, np.float64), "expected an array of float32, got float64"),
        (2, cupy.empty(8, np.float32)[::2], "not C-contiguous"),
        (3, 4, "expected np.int32, got <class 'int'>, passed as int64"),
        (3, np.int64(4), "expected np.int32, got <class 'numpy.int64'>"),
        (3, np.uint32(4), "expected np.int32"),
        (
            3,
            cupy.empty((), np.int32),
            "expected np.int32, got <class 'tests.simulator.arrays.ndarray'>",
        ),
    ],
)
def test_wrong_arguments(place, wrong, message):
    args = [floats(4), floats(4), floats(4), np.int32(4)]
    args[place] = wrong
    with pytest.raises(TypeError, match=f"add: argument {place}: .*{message}"):
        adder()((1,), (4,), tuple(args))
    with pytest.raises(TypeError, match="add: expected 4 arguments, got 3"):
        adder()((1,), (4,), tuple(args[:3]))


@pytest.mark.parametrize(
    "kind, right, wrong",
    [
        ("float", np.float32(1), 1.0),
        ("float", np.float32(1), np.float64(1)),
        ("double", np.float64(1), np.float32(1)),
        ("double", 1.0, 1),
        ("long long", 3, np.int32(3)),
        ("long long", np.int64(3), True),
        ("int", np.int32(3), 3),
    ],
)
def test_scalars_have_the_size_declared(kind, right, wrong):
    x = cupy.empty(2, np.float64)
    store = small(f"double* x, {kind} value, int one", "x[0] = value; x[1] = one;")
    store((1,), (1,), (x, right, np.int32(1)))
    assert x.tolist() == [right, 1]
    with pytest.raises(TypeError, match="small: argument 1: expected np"):
        store((1,), (1,), (x, wrong, np.int32(1)))


@pytest.mark.parametrize(
    "grid, block",
    [
        ((1,), (1025,)),
        ((1,), (32, 33)),
        ((1,), (1, 1, 65)),
        ((1, 65536), (1,)),
        ((1, 1, 65536), (1,)),
        ((2**31,), (1,)),
        ((0,), (1,)),
        ((1,), (0,)),
        ((1, -1), (1,)),
    ],
)
def test_geometry(grid, block):
    with pytest.raises(cupy.cuda.driver.CUDADriverError, match="CUDA_ERROR_INVALID_VALUE: small: "):
        small("float* x", "")(grid, block, (floats(1),))


@pytest.mark.parametrize(
    "grid, block", [(1, (1,)), ((1,), ()), ((1, 1, 1, 1), (1,)), ((1.0,), (1,))]
)
def test_geometry_of_wrong_type(grid, block):
    with pytest.raises(TypeError):
        small("float* x", "")(grid, block, (floats(1),))


# Arrays


@pytest.mark.parametrize(
    "mix",
    [
        lambda a, host: a + host,
        lambda a, host: host + a,
        lambda a, host: np.add(a, a, out=host),
        lambda a, host: np.dot(a, host),
        lambda a, host: np.concatenate([a, host]),
        lambda a, host: a + host[0, 0, ...],
        lambda a, host: a[host.astype(int)],
        lambda a, host: a.__setitem__(..., host),
        lambda a, host: a.__setitem__(host > 0, 0),
        lambda a, host: a.__iadd__(host),
        lambda a, host: np.asarray(a),
        lambda a, host: np.array(a),
        lambda a, host: np.copyto(host, a),
        lambda a, host: np.add.reduce(a),
        lambda a, host: np.exp(a, where=a > 0),
        lambda a, host: host.__setitem__(0, a),
        lambda a, host: a.__setitem__(0, [1, 2, 3]),
    ],
)
def test_no_hidden_copies(mix):
    a, host = floats(3, 3), np.ones((3, 3), np.float32)
    with pytest.raises(
        TypeError,
        match="Unsupported type|Implicit conversion|no implementation|returned "
        "NotImplemented|where",
    ):
        mix(a, host)


def test_results_are_device_arrays():
    a, host = floats(3, 4), floats(3, 4).get()
    results = [
        (a.sum(), host.sum()),
        (a.max(axis=1), host.max(axis=1)),
        (a @ a.T, host @ host.T),
        (2 * a - np.float32(1), 2 * host - 1),
        (a > 0, host > 0),
        (a[a > 0], host[host > 0]),
        (np.pad(a, ((1, 0), (0, 2))), np.pad(host, ((1, 0), (0, 2)))),
        (np.where(a > 0, a, 0), np.where(host > 0, host, 0)),
        (np.linalg.norm(a), np.linalg.norm(host)),
        (np.exp(a), np.exp(host)),
        (np.split(a, 2, axis=1)[1], host[:, 2:]),
        (np.argsort(a[0]), np.argsort(host[0])),
        (a[1, 2], host[1, 2]),
        (np.zeros_like(a, shape=2), np.zeros(2, np.float32)),
        (np.array_equal(a, a), np.bool(True)),
        (np.asarray(host, like=a), host),
        (np.zeros(3, like=a), np.zeros(3)),
        (a.astype(np.float64), host.astype(float)),
        (np.concatenate([a, a]), host[[0, 1, 2] * 2]),
    ]
    for got, expected in results:
        assert (
            isinstance(got, cupy.ndarray)
            and got.dtype == expected.dtype
            and got.shape == expected.shape
        )
        np.testing.assert_array_equal(got.get(), expected)
    assert (
        np.shape(a) == (3, 4)
        and float(a.sum()) == float(host.sum())
        and a[0].tolist() == host[0].tolist()
    )
    assert (
        repr(a) == repr(host) and cupy.asarray(a) is a and cupy.asnumpy(a).tolist() == host.tolist()
    )


def test_views_share_memory_and_copies_do_not():
    a = cupy.zeros((2, 3), np.float32)
    address = a.data.ptr
    for view in (
        a.T,
        a[:, 1:],
        a.reshape(3, 2),
        np.swapaxes(a, 0, 1),
        np.broadcast_to(a, (4, 2, 3)),
        a.view(np.int32),
        a[1, 2],
    ):
        assert address <= view.data.ptr < address + a.nbytes
    for other in (a.copy(), a + 0, copy.deepcopy(a), cupy.array(a), a.T.reshape(-1)):
        assert not address <= other.data.ptr < address + a.nbytes
    same = a
    a += 1
    a[0, 0][...] = 5
    assert a is same and address == a.data.ptr and a.tolist() == [[5, 1, 1], [1, 1, 1]]
    assert a.flags.c_contiguous and (a.T * 2).flags["F_CONTIGUOUS"] and a.data.ptr % 256 == 0


def test_dot_into_an_array():
    a, out = floats(3, 3), cupy.empty((3, 3), np.float32)
    assert np.dot(a, a, out=out) is out
    np.testing.assert_array_equal(out.get(), a.get() @ a.get())
    for wrong in (out.T, cupy.empty((3, 3)), cupy.empty(3, np.float32)):
        with pytest.raises(ValueError):
            np.dot(a, a, out=wrong)


def test_get_and_set():
    a, host = cupy.empty((2, 2)), np.arange(4.0).reshape(2, 2)
    a.set(host)
    host[0] = 7
    assert a.get(out=host) is host and host.tolist() == [[0, 1], [2, 3]]
    for wrong, error in (
        (host.astype(np.float32), TypeError),
        (host[0], ValueError),
        (a, TypeError),
    ):
        with pytest.raises(error):
            a.set(wrong)
    with pytest.raises(ValueError):
        a.get(out=np.empty(4))


def test_memory_is_counted_and_limited():
    gc.collect()  # other tests' arrays
    pool, before = cupy.get_default_memory_pool(), cupy.get_default_memory_pool().used_bytes()
    a = cupy.empty(1000, np.float32)
    b = a[:10].reshape(2, 5)
    c = a * 2
    assert pool.used_bytes() == before + 8000
    del c
    simulator.limit_memory(before + 6000)
    assert cupy.cuda.runtime.memGetInfo() == (2000, before + 6000)
    with pytest.raises(cupy.cuda.memory.OutOfMemoryError, match="allocating 4,000 bytes"):
        a + 1
    del a
    assert pool.used_bytes() == before + 4000  # the view keeps it
    del b
    assert pool.used_bytes() == before


def test_lost_device():
    a, add = floats(4), adder()
    simulator.lose_device()
    for use in (
        lambda: add((1,), (4,), (a, a, a, np.int32(4))),
        lambda: cupy.empty(1),
        lambda: a + 1,
        a.get,
        a.item,
        lambda: a.set(np.zeros(4, np.float32)),
        lambda: cupy.asarray(np.zeros(1)),
        cupy.cuda.runtime.deviceSynchronize,
    ):
        with pytest.raises(cupy.cuda.runtime.CUDARuntimeError, match="cudaErrorIllegalAddress"):
            use()
    simulator.reset()
    assert (a + 1).shape == (4,)


def test_without_a_compiler(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    assert "no C++ compiler" in simulator.missing.__wrapped__()


def test_cupy_has_all_of_its_names():
    """Where CuPy is installed, with or without a GPU: everything that the simulated one offers is
    there under the same name."""
    real = pytest.importorskip("cupy", reason="CuPy is not installed")

    def check(simulated, real, path):
        for name, value in vars(simulated).items():
            if (
                name != "state"
                and isinstance(value, SimpleNamespace)
                or isinstance(simulated, SimpleNamespace)
                or name in cupy.__all__
            ):
                if path == "cupy.cuda" and name == "cublas":
                    continue  # CuPy loads the library when the attribute is read
                assert hasattr(real, name), f"{path}.{name}"
                if isinstance(value, SimpleNamespace):
                    check(value, getattr(real, name), f"{path}.{name}")

    check(cupy, real, "cupy")
