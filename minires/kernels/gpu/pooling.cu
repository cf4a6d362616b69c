// Pooling over images x (N, height, width, channels) to y (N, out_height, out_width, channels).
//
// Launch: one thread for each element of the result, THREADS in a block, n in all. Backward gathers: every pixel of x looks
// through the windows that hold it, so no two threads write to one address.

typedef REAL real;

struct Element {                                 // of an array (N, height, width, channels)
    int image, row, col, channel;
};

static __device__ Element element(int index, int height, int width, int channels)
{
    int pixel = index / channels;
    Element found = {pixel / width / height, pixel / width % height, pixel % width, index % channels};
    return found;
}

// `places` remembers where in its window the largest was. A nan counts as larger than any number; of equals the first.
extern "C" __global__ void max_pool(
    const real* __restrict__ x, real* __restrict__ y, int* __restrict__ places, int n, int height, int width, int channels,
    int out_height, int out_width, int kernel_h, int kernel_w, int stride_h, int stride_w, int padding_h, int padding_w)
{
    int out = blockIdx.x * blockDim.x + threadIdx.x;
    if (out >= n) return;
    Element y_at = element(out, out_height, out_width, channels);
    const real* source = x + (long long)y_at.image * height * width * channels + y_at.channel;
    real largest = 0;
    int place = -1;                              // nothing seen yet
    for (int a = 0; a < kernel_h; a++)
        for (int b = 0; b < kernel_w; b++) {
            int row = y_at.row * stride_h + a - padding_h, col = y_at.col * stride_w + b - padding_w;
            if (row < 0 || row >= height || col < 0 || col >= width) continue;
            real value = source[(long long)(row * width + col) * channels];
            if (place < 0 || value > largest || (value != value && largest == largest)) largest = value, place = a * kernel_w + b;
        }
    y[out] = largest, places[out] = place;
}

extern "C" __global__ void max_pool_backward(
    const real* __restrict__ dy, const int* __restrict__ places, real* __restrict__ dx, int n, int height, int width, int channels,
    int out_height, int out_width, int kernel_h, int kernel_w, int stride_h, int stride_w, int padding_h, int padding_w)
{
    int in = blockIdx.x * blockDim.x + threadIdx.x;
    if (in >= n) return;
    Element x_at = element(in, height, width, channels);
    long long first = (long long)x_at.image * out_height * out_width * channels + x_at.channel;
    real sum = 0;
    for (int a = 0; a < kernel_h; a++)
        for (int b = 0; b < kernel_w; b++) {
            int i = x_at.row + padding_h - a, j = x_at.col + padding_w - b;
            if (i < 0 || j < 0 || i % stride_h || j % stride_w || i / stride_h >= out_height || j / stride_w >= out_width) continue;
            long long out = first + (long long)(i / stride_h * out_width + j / stride_w) * channels;
            if (places[out] == a * kernel_w + b) sum += dy[out];
        }
    dx[in] = sum;
}

// Zeros of the padding count as members.
extern "C" __global__ void avg_pool(
    const real* __restrict__ x, real* __restrict__ y, int n, int height, int width, int channels,
    int out_height, int out_width, int kernel_h, int kernel_w, int stride_h, int stride_w, int padding_h, int padding_w)
{
    int out = blockIdx.x * blockDim.x + threadIdx.x;
    if (out >= n) return;
    Element y_at = element(out, out_height, out_width, channels);
    const real* source = x + (long long)y_at.image * height * width * channels + y_at.channel;
    real sum = 0;
    for (int a = 0; a < kernel_h; a++)
        for (int b = 0; b < kernel_w; b++) {
            int row = y_at.row * stride_h + a - padding_h, col = y_at.col * stride_w + b - padding_w;
            if (row >= 0 && row < height && col >= 0 && col < width) sum += source[(long long)(row * width + col) * channels];
        }
    y[out] = sum / (kernel_h * kernel_w);
}

extern "C" __global__ void avg_pool_backward(
    const real* __restrict__ dy, real* __restrict__ dx, int n, int height, int width, int channels,
    int out_height, int out_width, int kernel_h, int kernel_w, int stride_h, int stride_w, int padding_h, int padding_w)
{
    int in = blockIdx.x * blockDim.x + threadIdx.x;
    if (in >= n) return;
    Element x_at = element(in, height, width, channels);
    const real* source = dy + (long long)x_at.image * out_height * out_width * channels + x_at.channel;
    real sum = 0;
    for (int a = 0; a < kernel_h; a++)
        for (int b = 0; b < kernel_w; b++) {
            int i = x_at.row + padding_h - a, j = x_at.col + padding_w - b;
            if (i < 0 || j < 0 || i % stride_h || j % stride_w || i / stride_h >= out_height || j / stride_w >= out_width) continue;
            sum += source[(long long)(i / stride_h * out_width + j / stride_w) * channels];
        }
    dx[in] = sum / (kernel_h * kernel_w);
}

// x (N, pixels, channels) to y (N, channels): one thread adds up one channel of one image.
extern "C" __global__ void global_avg_pool(const real* __restrict__ x, real* __restrict__ y, int n, int pixels, int channels)
{
    int out = blockIdx.x * blockDim.x + threadIdx.x;
    if (out >= n) return;
    const real* source = x + (long long)(out / channels) * pixels * channels + out % channels;
    real sum = 0;
    for (int pixel = 0; pixel < pixels; pixel++) sum += source[(long long)pixel * channels];
    y[out] = sum / pixels;
}

extern "C" __global__ void global_avg_pool_backward(const real* __restrict__ dy, real* __restrict__ dx, int n, int pixels, int channels)
{
    int in = blockIdx.x * blockDim.x + threadIdx.x;
    if (in < n) dx[in] = dy[in / channels / pixels * channels + in % channels] / pixels;
}
