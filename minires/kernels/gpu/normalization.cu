// Batch norm over x (rows, channels), where rows is N H W: statistics, normalising, and gradients.
// An addition and a ReLU that follow are done in the same passes.
//
// Launch of the sums (moments, gradient_sums): blocks of (w, THREADS / w) threads, w a power of
// two. threadIdx.x and blockIdx.x choose the channel, threadIdx.y and blockIdx.y = 0 .. slabs - 1
// the rows: each thread goes down its channel in large steps. Each block writes its result to
// `partial` (slabs, ..., channels). Then the finish_ kernels, with blocks of the same shape in a
// grid of one row, merge the slabs. Sums are always taken in the same order, so two runs give the
// same bits.
//
// Launch of the others: one thread for each element (normalise, input_gradient) or for each channel
// (given_statistics, update_running_stats).
//
// statistics (3, channels): mean, biased variance, 1 / sqrt(variance + eps).

typedef REAL real;

struct Moments {                                 // squares is the sum of (x - mean)^2
    real count, mean, squares;
};

// The moments of two sets of numbers together (Chan, Golub and LeVeque 1979). The difference
// mean(x^2) - mean(x)^2 would lose digits where the mean is large; this does not.
static __device__ Moments merge(Moments a, Moments b)
{
    if (b.count == 0) return a;
    if (a.count == 0) return b;
    Moments both;
    both.count = a.count + b.count;
    real difference = b.mean - a.mean, weight_b = b.count / both.count;
    both.mean = a.mean + difference * weight_b;
    both.squares = a.squares + b.squares + difference * difference * a.count * weight_b;
    return both;
}

// Merge the moments of all threads of one channel: in each round half of the threads merge with the
// other half, until one is left. The thread with threadIdx.y == 0 gets the result.
static __device__ Moments merge_rows(Moments total)
{
    __shared__ real count[THREADS], mean[THREADS], squares[THREADS];
    int i = threadIdx.y * blockDim.x + threadIdx.x;
    for (int half = blockDim.y / 2; half > 0; half /= 2) {
        count[i] = total.count, mean[i] = total.mean, squares[i] = total.squares;
        __syncthreads();
        if (threadIdx.y < half) {
            int j = i + half * blockDim.x;
            Moments other_half = {count[j], mean[j], squares[j]};
            total = merge(total, other_half);
        }
        __syncthreads();
    }
    return total;
}

struct Sums {                                    // over the rows: of dz, and of dz (x - mean)
    real dz, product;
};

// Add up the sums of all threads of one channel, in the same way.
static __device__ Sums add_rows(Sums total)
{
    __shared__ real dz[THREADS], product[THREADS];
    int i = threadIdx.y * blockDim.x + threadIdx.x;
    for (int half = blockDim.y / 2; half > 0; half /= 2) {
        dz[i] = total.dz, product[i] = total.product;
        __syncthreads();
        if (threadIdx.y < half) {
            total.dz += dz[i + half * blockDim.x];
            total.product += product[i + half * blockDim.x];
        }
        __syncthreads();
    }
    return total;
}

extern "C" __global__ void moments(const real* __restrict__ x, real* __restrict__ partial,
                                   int rows, int channels)
{
    int channel = blockIdx.x * blockDim.x + threadIdx.x;
    int first = blockIdx.y * blockDim.y + threadIdx.y, step = gridDim.y * blockDim.y;
    Moments total = {0, 0, 0};
    if (channel < channels)
        for (int row = first; row < rows; row += step) {
            real value = x[(long long)row * channels + channel];  // one at a time: Welford 1962
            total.count += 1;
            real difference = value - total.mean;
            total.mean += difference / total.count;
            total.squares += difference * (value - total.mean);
        }
    total = merge_rows(total);
    if (threadIdx.y == 0 && channel < channels) {
        real* slab = partial + (long long)blockIdx.y * 3 * channels + channel;
        slab[0] = total.count, slab[channels] = total.mean, slab[2 * channels] = total.squares;
    }
}

extern "C" __global__ void finish_moments(const real* __restrict__ partial,
                                          real* __restrict__ statistics, int slabs, int channels,
                                          real eps)
{
    int channel = blockIdx.x * blockDim.x + threadIdx.x;
    Moments total = {0, 0, 0};
    if (channel < channels)
        for (int slab = threadIdx.y; slab < slabs; slab += blockDim.y) {
            const real* source = partial + (long long)slab * 3 * channels + channel;
            Moments of_slab = {source[0], source[channels], source[2 * channels]};
            total = merge(total, of_slab);
        }
    total = merge_rows(total);
    if (threadIdx.y == 0 && channel < channels) {
        real variance = total.squares / total.count;
        statistics[channel] = total.mean;
        statistics[channels + channel] = variance;
        statistics[2 * channels + channel] = 1 / sqrt(variance + eps);
    }
}

// In inference the mean and variance are given. They are copied, because the running averages may
// change before backward reads them.
extern "C" __global__ void given_statistics(const real* __restrict__ mean,
                                            const real* __restrict__ variance,
                                            real* __restrict__ statistics, int channels, real eps)
{
    int channel = blockIdx.x * blockDim.x + threadIdx.x;
    if (channel >= channels) return;
    statistics[channel] = mean[channel];
    statistics[channels + channel] = variance[channel];
    statistics[2 * channels + channel] = 1 / sqrt(variance[channel] + eps);
}

// y = weight x_hat + bias, where x_hat = (x - mean) / sqrt(variance + eps). If there is a shortcut,
// it is added; if a ReLU follows, negative results become 0.
extern "C" __global__ void normalise(
    const real* __restrict__ x, const real* __restrict__ statistics,
    const real* __restrict__ weight, const real* __restrict__ bias,
    const real* __restrict__ shortcut, real* __restrict__ y,
    int n, int channels, int has_shortcut, int has_relu)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    int channel = i % channels;
    real mean = statistics[channel], inverse_std = statistics[2 * channels + channel];
    real value = (x[i] - mean) * inverse_std * weight[channel] + bias[channel];
    if (has_shortcut) value += shortcut[i];
    y[i] = has_relu && value < 0 ? real(0) : value;
}

// For each channel, the sums of dz and of dz (x - mean) over the rows. With a ReLU, dz is dy where
// y > 0 and 0 elsewhere, and is written out; without one, dz is dy.
extern "C" __global__ void gradient_sums(
    const real* __restrict__ dy, const real* __restrict__ x, const real* __restrict__ y,
    const real* __restrict__ statistics, real* __restrict__ dz, real* __restrict__ partial,
    int rows, int channels, int has_relu)
{
    int channel = blockIdx.x * blockDim.x + threadIdx.x;
    int first = blockIdx.y * blockDim.y + threadIdx.y, step = gridDim.y * blockDim.y;
    Sums total = {0, 0};
    if (channel < channels) {
        real mean = statistics[channel];
        for (int row = first; row < rows; row += step) {
            long long i = (long long)row * channels + channel;
            real gradient = dy[i];
            if (has_relu) {
                gradient = y[i] > 0 ? gradient : real(0);
                dz[i] = gradient;
            }
            total.dz += gradient;
            total.product += gradient * (x[i] - mean);
        }
    }
    total = add_rows(total);
    if (threadIdx.y == 0 && channel < channels) {
        real* slab = partial + (long long)blockIdx.y * 2 * channels + channel;
        slab[0] = total.dz, slab[channels] = total.product;
    }
}

// gradients (2, channels): dL/dweight = sum(dz x_hat) and dL/dbias = sum(dz).
extern "C" __global__ void finish_gradient_sums(const real* __restrict__ partial,
                                                const real* __restrict__ statistics,
                                                real* __restrict__ gradients, int slabs,
                                                int channels)
{
    int channel = blockIdx.x * blockDim.x + threadIdx.x;
    Sums total = {0, 0};
    if (channel < channels)
        for (int slab = threadIdx.y; slab < slabs; slab += blockDim.y) {
            const real* source = partial + (long long)slab * 2 * channels + channel;
            total.dz += source[0];
            total.product += source[channels];
        }
    total = add_rows(total);
    if (threadIdx.y == 0 && channel < channels) {
        gradients[channel] = total.product * statistics[2 * channels + channel];
        gradients[channels + channel] = total.dz;
    }
}

// dx = weight / std (dz - dbias / rows - x_hat dweight / rows). In inference mean and variance are
// constants, so dx = weight / std dz. dx may be the array dz.
extern "C" __global__ void input_gradient(
    const real* dz, const real* __restrict__ x, const real* __restrict__ statistics,
    const real* __restrict__ weight, const real* __restrict__ gradients, real* dx,
    int n, int rows, int channels, int from_batch)
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

// Move the running averages towards the batch's mean and its unbiased variance, which is variance *
// correction.
extern "C" __global__ void update_running_stats(
    real* __restrict__ running_mean, real* __restrict__ running_variance,
    const real* __restrict__ mean, const real* __restrict__ variance,
    int channels, real momentum, real correction)
{
    int channel = blockIdx.x * blockDim.x + threadIdx.x;
    if (channel >= channels) return;
    real unbiased = variance[channel] * correction;
    running_mean[channel] += momentum * (mean[channel] - running_mean[channel]);
    running_variance[channel] += momentum * (unbiased - running_variance[channel]);
}
