// Addition, element by element, of arrays of one shape.
//
// Launch: one thread for each element, THREADS in a block, n in all.

typedef REAL real;

extern "C" __global__ void add(const real* __restrict__ a, const real* __restrict__ b,
                               real* __restrict__ y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = a[i] + b[i];
}
