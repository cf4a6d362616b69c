// Pooling of images x (N, height, width, channels) to y (N, out_height, out_width, channels).
//
// Launch: one thread for each element of the result, THREADS in a block, n in all. Backward
// gathers: the thread of a pixel of x looks at all windows that contain it, so no two threads write
// to the same address.

typedef REAL real;

struct Element {                                 // of an array (N, height, width, channels)
    int image, row, col, channel;
};

static __device__ Element element(int index, int height, int width, int channels)
{
    int pixel = index / channels;
    Element result = {pixel / width / height, pixel / width % height, pixel % width,
                      index % channels};
    return result;
}

// `argmax` is the position of the largest value in its window: kernel_w a + b for row a, column b.
// Of several equal values the first counts, and a nan counts as larger than any number.
extern "C" __global__ void max_pool(
    const real* __restrict__ x, real* __restrict__ y, int* __restrict__ argmax, int n,
    int height, int width, int channels, int out_height, int out_width,
    int kernel_h, int kernel_w, int stride_h, int stride_w, int padding_h, int padding_w)
{
    int out = blockIdx.x * blockDim.x + threadIdx.x;
    if (out >= n) return;
    Element y_at = element(out, out_height, out_width, channels);
    const real* source = x + (long long)y_at.image * height * width * channels + y_at.channel;
    real largest = 0;
    int position = -1;                           // nothing seen yet
    for (int a = 0; a < kernel_h; a++)
        for (int b = 0; b < kernel_w; b++) {
            int row = y_at.row * stride_h + a - padding_h;
            int col = y_at.col * stride_w + b - padding_w;
            if (row < 0 || row >= height || col < 0 || col >= width) continue;
            real value = source[(long long)(row * width + col) * channels];
            bool is_first_nan = value != value && largest == largest;
            if (position < 0 || value > largest || is_first_nan)
                largest = value, position = a * kernel_w + b;
        }
    y[out] = largest, argmax[out] = position;
}

extern "C" __global__ void max_pool_backward(
    const real* __restrict__ dy, const int* __restrict__ argmax, real* __restrict__ dx, int n,
    int height, int width, int channels, int out_height, int out_width,
    int kernel_h, int kernel_w, int stride_h, int stride_w, int padding_h, int padding_w)
{
    int in = blockIdx.x * blockDim.x + threadIdx.x;
    if (in >= n) return;
    Element x_at = element(in, height, width, channels);
    long long offset = (long long)x_at.image * out_height * out_width * channels + x_at.channel;
    real sum = 0;
    for (int a = 0; a < kernel_h; a++)
        for (int b = 0; b < kernel_w; b++) {
            int i = x_at.row + padding_h - a, j = x_at.col + padding_w - b;
            if (i < 0 || j < 0 || i % stride_h || j % stride_w) continue;
            i /= stride_h, j /= stride_w;
            if (i >= out_height || j >= out_width) continue;
            long long out = offset + (long long)(i * out_width + j) * channels;
            if (argmax[out] == a * kernel_w + b) sum += dy[out];
        }
    dx[in] = sum;
}

// The mean over the whole window; the padding counts as zeros.
extern "C" __global__ void avg_pool(
    const real* __restrict__ x, real* __restrict__ y, int n,
    int height, int width, int channels, int out_height, int out_width,
    int kernel_h, int kernel_w, int stride_h, int stride_w, int padding_h, int padding_w)
{
    int out = blockIdx.x * blockDim.x + threadIdx.x;
    if (out >= n) return;
    Element y_at = element(out, out_height, out_width, channels);
    const real* source = x + (long long)y_at.image * height * width * channels + y_at.channel;
    real sum = 0;
    for (int a = 0; a < kernel_h; a++)
        for (int b = 0; b < kernel_w; b++) {
            int row = y_at.row * stride_h + a - padding_h;
            int col = y_at.col * stride_w + b - padding_w;
            if (row < 0 || row >= height || col < 0 || col >= width) continue;
            sum += source[(long long)(row * width + col) * channels];
        }
    y[out] = sum / (kernel_h * kernel_w);
}

extern "C" __global__ void avg_pool_backward(
    const real* __restrict__ dy, real* __restrict__ dx, int n,
    int height, int width, int channels, int out_height, int out_width,
    int kernel_h, int kernel_w, int stride_h, int stride_w, int padding_h, int padding_w)
{
    int in = blockIdx.x * blockDim.x + threadIdx.x;
    if (in >= n) return;
    Element x_at = element(in, height, width, channels);
    const real* source = dy + (long long)x_at.image * out_height * out_width * channels
                         + x_at.channel;
    real sum = 0;
    for (int a = 0; a < kernel_h; a++)
        for (int b = 0; b < kernel_w; b++) {
            int i = x_at.row + padding_h - a, j = x_at.col + padding_w - b;
            if (i < 0 || j < 0 || i % stride_h || j % stride_w) continue;
            i /= stride_h, j /= stride_w;
            if (i >= out_height || j >= out_width) continue;
            sum += source[(long long)(i * out_width + j) * channels];
        }
    dx[in] = sum / (kernel_h * kernel_w);
}

// x (N, pixels, channels) to y (N, channels): one thread adds up one channel of one image.
extern "C" __global__ void global_avg_pool(const real* __restrict__ x, real* __restrict__ y, int n,
                                           int pixels, int channels)
{
    int out = blockIdx.x * blockDim.x + threadIdx.x;
    if (out >= n) return;
    const real* source = x + (long long)(out / channels) * pixels * channels + out % channels;
    real sum = 0;
    for (int pixel = 0; pixel < pixels; pixel++) sum += source[(long long)pixel * channels];
    y[out] = sum / pixels;
}

extern "C" __global__ void global_avg_pool_backward(const real* __restrict__ dy,
                                                    real* __restrict__ dx, int n, int pixels,
                                                    int channels)
{
    int in = blockIdx.x * blockDim.x + threadIdx.x;
    if (in < n) dx[in] = dy[in / channels / pixels * channels + in % channels] / pixels;
}
