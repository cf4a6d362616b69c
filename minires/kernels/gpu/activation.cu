// ReLU, alone or after an addition, element by element, on arrays of one shape.
//
// Launch: one thread for each element, THREADS in a block, n in all.

typedef REAL real;

static __device__ real positive_part(real x)
{
    return x < 0 ? real(0) : x;                  // a nan is not below 0, so it stays a nan
}

extern "C" __global__ void relu(const real* __restrict__ x, real* __restrict__ y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = positive_part(x[i]);
}

extern "C" __global__ void relu_backward(const real* __restrict__ dy, const real* __restrict__ y,
                                         real* __restrict__ dx, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) dx[i] = y[i] > 0 ? dy[i] : real(0);
}

extern "C" __global__ void add_relu(const real* __restrict__ a, const real* __restrict__ b,
                                    real* __restrict__ y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = positive_part(a[i] + b[i]);
}
