// Log-softmax and cross-entropy of rows of logits (rows, classes).
//
// Launch: one block for each row. A block has a thread for each class, rounded up to a power of two
// and at most THREADS; each thread takes every blockDim.x-th class. cross_entropy_backward: one
// thread for each element.
//
// weight (classes,) holds how much each class counts, and all_weights is the sum over the classes.
// If all_weights is 0, every class counts 1, and weight is not read. The sum over the rows is
// divided by total: the number of rows, or the sum of the weights of their labels.

typedef REAL real;

static __device__ real block_max(real value, real* shared)
{
    shared[threadIdx.x] = value;
    for (int half = blockDim.x / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half && shared[threadIdx.x + half] > shared[threadIdx.x])
            shared[threadIdx.x] = shared[threadIdx.x + half];
    }
    __syncthreads();
    real result = shared[0];
    __syncthreads();                             // all threads must read it before one writes again
    return result;
}

static __device__ real block_sum(real value, real* shared)
{
    shared[threadIdx.x] = value;
    for (int half = blockDim.x / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
    }
    __syncthreads();
    real result = shared[0];
    __syncthreads();
    return result;
}

// log p_k = x_k - log(sum over j of e^(x_j)). The largest x is subtracted first, so that e^x does
// not overflow. If one of the x is nan, so are the sum and all results.
static __device__ void write_log_softmax(const real* x, real* y, int classes, real* shared)
{
    real largest = x[0];
    for (int k = threadIdx.x; k < classes; k += blockDim.x)
        largest = x[k] > largest ? x[k] : largest;
    largest = block_max(largest, shared);
    real sum = 0;
    for (int k = threadIdx.x; k < classes; k += blockDim.x) sum += exp(x[k] - largest);
    real log_sum = log(block_sum(sum, shared));
    for (int k = threadIdx.x; k < classes; k += blockDim.x)
        y[k] = (x[k] - largest) - log_sum;
}

// The target: 1 - s + s/K at the label and s/K elsewhere.
static __device__ real target(int k, long long label, int classes, real smoothing)
{
    return smoothing / classes + (k == label ? 1 - smoothing : real(0));
}

extern "C" __global__ void log_softmax(const real* __restrict__ x, real* __restrict__ y,
                                       int classes)
{
    __shared__ real shared[THREADS];
    long long row = (long long)blockIdx.x * classes;
    write_log_softmax(x + row, y + row, classes, shared);
}

extern "C" __global__ void log_softmax_backward(const real* __restrict__ dy,
                                                const real* __restrict__ y,
                                                real* __restrict__ dx, int classes)
{
    __shared__ real shared[THREADS];
    long long row = (long long)blockIdx.x * classes;
    real sum = 0;
    for (int k = threadIdx.x; k < classes; k += blockDim.x) sum += dy[row + k];
    sum = block_sum(sum, shared);
    for (int k = threadIdx.x; k < classes; k += blockDim.x)
        dx[row + k] = dy[row + k] - exp(y[row + k]) * sum;
}

// losses (rows,): -sum over k of target_k log p_k, where a class with target 0 costs nothing.
extern "C" __global__ void cross_entropy(const real* __restrict__ logits,
                                         const long long* __restrict__ labels, real* log_p,
                                         real* __restrict__ losses, int classes, real smoothing,
                                         const real* __restrict__ weight, real all_weights)
{
    __shared__ real shared[THREADS];
    long long row = (long long)blockIdx.x * classes;
    write_log_softmax(logits + row, log_p + row, classes, shared);
    real sum = 0;
    for (int k = threadIdx.x; k < classes; k += blockDim.x) {
        real t = target(k, labels[blockIdx.x], classes, smoothing);
        if (all_weights > 0) t *= weight[k];
        if (t > 0) sum -= t * log_p[row + k];
    }
    sum = block_sum(sum, shared);
    if (threadIdx.x == 0) losses[blockIdx.x] = sum;
}

// dlogits = (T softmax - target) dloss / total, where T is the sum of the row's targets: s/K for
// every class, times the weight of that class, and 1 - s times the weight of the label.
extern "C" __global__ void cross_entropy_backward(const real* __restrict__ log_p,
                                                  const long long* __restrict__ labels,
                                                  const real* __restrict__ dloss,
                                                  real* __restrict__ dlogits, int n, real total,
                                                  int classes, real smoothing,
                                                  const real* __restrict__ weight,
                                                  real all_weights)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    long long label = labels[i / classes];
    real t = target(i % classes, label, classes, smoothing), row_sum = 1;
    if (all_weights > 0) {
        t *= weight[i % classes];
        row_sum = smoothing / classes * all_weights + (1 - smoothing) * weight[label];
    }
    dlogits[i] = (exp(log_p[i]) * row_sum - t) * (dloss[0] / total);
}
