// Batch norm over x (rows, channels): rows is N H W. Statistics, normalising, and the way back, with an addition and a ReLU
// done in the same passes where they follow.
//
// Launch of the sums (moments, gradient_sums): blocks of (w, THREADS / w) threads, w a power of two. threadIdx.x and blockIdx.x
// choose the channel, threadIdx.y and blockIdx.y = 0 .. slabs - 1 the rows: each thread goes down its channel in large steps.
// What a block has found goes to `partial` (slabs, ..., channels). Then the finish_ kernels, launched as blocks of the same shape
// with a single slab, put the slabs together. Always in the same order: the same bits every time.
//
// Launch of the others: one thread an element (normalise, input_gradient) or a channel (given_statistics, update_running_stats).
//
// statistics (3, channels): mean, biased variance, 1 / sqrt(variance + eps).

typedef REAL real;

struct Moments {                                 // of some numbers: how many, their mean, the sum of squared deviations from it
    real count, mean, squares;
};

// Both together (Chan, Golub and LeVeque 1979). Unlike mean(x^2) - mean(x)^2 it does not cancel where the mean is large.
static __device__ Moments merge(Moments a, Moments b)
{
    if (b.count == 0) return a;
    if (a.count == 0) return b;
    Moments both;
    both.count = a.count + b.count;
    real difference = b.mean - a.mean, share = b.count / both.count;
    both.mean = a.mean + difference * share;
    both.squares = a.squares + b.squares + difference * difference * a.count * share;
    return both;
}

// The moments of all threads of one channel, in the end in those with threadIdx.y == 0: halves are merged until one is left.
static __device__ Moments merge_rows(Moments mine)
{
    __shared__ real count[THREADS], mean[THREADS], squares[THREADS];
    int own = threadIdx.y * blockDim.x + threadIdx.x;
    for (int half = blockDim.y / 2; half > 0; half /= 2) {
        count[own] = mine.count, mean[own] = mine.mean, squares[own] = mine.squares;
        __syncthreads();
        if (threadIdx.y < half) {
            int other = own + half * blockDim.x;
            Moments theirs = {count[other], mean[other], squares[other]};
            mine = merge(mine, theirs);
        }
        __syncthreads();
    }
    return mine;
}

struct Sums {                                    // over the rows: of dz, and of dz (x - mean)
    real dz, product;
};

static __device__ Sums add_rows(Sums mine)
{
    __shared__ real dz[THREADS], product[THREADS];
    int own = threadIdx.y * blockDim.x + threadIdx.x;
    for (int half = blockDim.y / 2; half > 0; half /= 2) {
        dz[own] = mine.dz, product[own] = mine.product;
        __syncthreads();
        if (threadIdx.y < half) {
            mine.dz += dz[own + half * blockDim.x];
            mine.product += product[own + half * blockDim.x];
        }
        __syncthreads();
    }
    return mine;
}

extern "C" __global__ void moments(const real* __restrict__ x, real* __restrict__ partial, int rows, int channels)
{
    int channel = blockIdx.x * blockDim.x + threadIdx.x;
    Moments mine = {0, 0, 0};
    if (channel < channels)
        for (int row = blockIdx.y * blockDim.y + threadIdx.y; row < rows; row += gridDim.y * blockDim.y) {
            real value = x[(long long)row * channels + channel];        // Welford 1962
            mine.count += 1;
            real difference = value - mine.mean;
            mine.mean += difference / mine.count;
            mine.squares += difference * (value - mine.mean);
        }
    mine = merge_rows(mine);
    if (threadIdx.y == 0 && channel < channels) {
        real* slab = partial + (long long)blockIdx.y * 3 * channels + channel;
        slab[0] = mine.count, slab[channels] = mine.mean, slab[2 * channels] = mine.squares;
    }
}

extern "C" __global__ void finish_moments(const real* __restrict__ partial, real* __restrict__ statistics, int slabs, int channels, real eps)
{
    int channel = blockIdx.x * blockDim.x + threadIdx.x;
    Moments mine = {0, 0, 0};
    if (channel < channels)
        for (int slab = threadIdx.y; slab < slabs; slab += blockDim.y) {
            const real* theirs = partial + (long long)slab * 3 * channels + channel;
            Moments found = {theirs[0], theirs[channels], theirs[2 * channels]};
            mine = merge(mine, found);
        }
    mine = merge_rows(mine);
    if (threadIdx.y == 0 && channel < channels) {
        real variance = mine.squares / mine.count;
        statistics[channel] = mine.mean;
        statistics[channels + channel] = variance;
        statistics[2 * channels + channel] = 1 / sqrt(variance + eps);
    }
}

// In inference mean and variance are given. They are copied: running averages move on before backward is called.
extern "C" __global__ void given_statistics(const real* __restrict__ mean, const real* __restrict__ variance,
                                            real* __restrict__ statistics, int channels, real eps)
{
    int channel = blockIdx.x * blockDim.x + threadIdx.x;
    if (channel >= channels) return;
    statistics[channel] = mean[channel];
    statistics[channels + channel] = variance[channel];
    statistics[2 * channels + channel] = 1 / sqrt(variance[channel] + eps);
}

// y = weight x_hat + bias, plus the shortcut if there is one, at least 0 if a ReLU follows.
extern "C" __global__ void normalise(
    const real* __restrict__ x, const real* __restrict__ statistics, const real* __restrict__ weight, const real* __restrict__ bias,
    const real* __restrict__ shortcut, real* __restrict__ y, int n, int channels, int has_shortcut, int has_relu)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    int channel = i % channels;
    real mean = statistics[channel], inverse_std = statistics[2 * channels + channel];
    real value = (x[i] - mean) * inverse_std * weight[channel] + bias[channel];
    if (has_shortcut) value += shortcut[i];
    y[i] = has_relu && value < 0 ? real(0) : value;
}

// The sums over each channel of dz and of dz (x - mean), where dz is what the ReLU lets through of dy, and is written; or dy itself.
extern "C" __global__ void gradient_sums(
    const real* __restrict__ dy, const real* __restrict__ x, const real* __restrict__ y, const real* __restrict__ statistics,
    real* __restrict__ dz, real* __restrict__ partial, int rows, int channels, int has_relu)
{
    int channel = blockIdx.x * blockDim.x + threadIdx.x;
    Sums mine = {0, 0};
    if (channel < channels) {
        real mean = statistics[channel];
        for (int row = blockIdx.y * blockDim.y + threadIdx.y; row < rows; row += gridDim.y * blockDim.y) {
            long long i = (long long)row * channels + channel;
            real gradient = dy[i];
            if (has_relu) {
                gradient = y[i] > 0 ? gradient : real(0);
                dz[i] = gradient;
            }
            mine.dz += gradient;
            mine.product += gradient * (x[i] - mean);
        }
    }
    mine = add_rows(mine);
    if (threadIdx.y == 0 && channel < channels) {
        real* slab = partial + (long long)blockIdx.y * 2 * channels + channel;
        slab[0] = mine.dz, slab[channels] = mine.product;
    }
}

// gradients (2, channels): dL/dweight = sum(dz x_hat) and dL/dbias = sum(dz).
extern "C" __global__ void finish_gradient_sums(const real* __restrict__ partial, const real* __restrict__ statistics,
                                                real* __restrict__ gradients, int slabs, int channels)
{
    int channel = blockIdx.x * blockDim.x + threadIdx.x;
    Sums mine = {0, 0};
    if (channel < channels)
        for (int slab = threadIdx.y; slab < slabs; slab += blockDim.y) {
            const real* theirs = partial + (long long)slab * 2 * channels + channel;
            mine.dz += theirs[0];
            mine.product += theirs[channels];
        }
    mine = add_rows(mine);
    if (threadIdx.y == 0 && channel < channels) {
        gradients[channel] = mine.product * statistics[2 * channels + channel];
        gradients[channels + channel] = mine.dz;
    }
}

// dx = weight / std (dz - dbias / rows - x_hat dweight / rows); in inference, where mean and variance are constants, weight / std dz.
// dx may be the array dz.
extern "C" __global__ void input_gradient(
    const real* dz, const real* __restrict__ x, const real* __restrict__ statistics, const real* __restrict__ weight,
    const real* __restrict__ gradients, real* dx, int n, int rows, int channels, int from_batch)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    int channel = i % channels;
    real inverse_std = statistics[2 * channels + channel], gradient = dz[i];
    if (from_batch) {
        real x_hat = (x[i] - statistics[channel]) * inverse_std;
        gradient -= (gradients[channels + channel] + x_hat * gradients[channel]) / rows;
    }
    dx[i] = weight[channel] * inverse_std * gradient;
}

// Running averages move towards the batch's statistics; the variance that goes in is the unbiased one, variance * correction.
extern "C" __global__ void update_running_stats(real* __restrict__ running_mean, real* __restrict__ running_variance, const real* __restrict__ mean,
                                  const real* __restrict__ variance, int channels, real momentum, real correction)
{
    int channel = blockIdx.x * blockDim.x + threadIdx.x;
    if (channel >= channels) return;
    running_mean[channel] += momentum * (mean[channel] - running_mean[channel]);
    running_variance[channel] += momentum * (variance[channel] * correction - running_variance[channel]);
}
