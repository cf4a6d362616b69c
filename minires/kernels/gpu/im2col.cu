// Make the columns of a convolution: for each pixel of the result, a row with the pixels of its
// window.
//
//   images   (N, height, width, in_channels), of which `channels` are copied, from first_channel on
//   columns  (N, out_height, out_width, kernel_h, kernel_w, channels)
//
// Launch: one thread for each (pixel of the result, channel), THREADS in a block, `threads` in all.
// A thread copies one channel of its whole window: kernel_h * kernel_w numbers. Neighbouring
// threads take neighbouring channels, so a warp reads and writes neighbouring addresses, and the
// divisions that find the pixel are done once for the whole window.

typedef REAL real;

// Forward: the result is y. Along each axis, position a of the window of y's pixel i lies on
//
//     pixel  i stride + a dilation - padding  of x.

extern "C" __global__ void im2col(
    const real* __restrict__ images, real* __restrict__ columns, int threads,
    int height, int width, int in_channels, int first_channel, int channels,
    int out_height, int out_width, int kernel_h, int kernel_w, int stride_h, int stride_w,
    int padding_h, int padding_w, int dilation_h, int dilation_w)
{
    int thread = blockIdx.x * blockDim.x + threadIdx.x;
    if (thread >= threads) return;
    int channel = thread % channels, pixel = thread / channels;
    int j = pixel % out_width, i = pixel / out_width % out_height;
    long long image = pixel / out_width / out_height;

    const real* source = images + image * height * width * in_channels + first_channel + channel;
    real* column = columns + (long long)pixel * kernel_h * kernel_w * channels + channel;
    for (int a = 0; a < kernel_h; a++) {
        int row = i * stride_h + a * dilation_h - padding_h;
        for (int b = 0; b < kernel_w; b++) {
            int col = j * stride_w + b * dilation_w - padding_w;
            bool inside = row >= 0 && row < height && col >= 0 && col < width;
            *column = inside ? source[(long long)(row * width + col) * in_channels] : real(0);
            column += channels;
        }
    }
}

// Backward: the images are dL/dy, and the result is dL/dx. Along each axis, pixel i of x was at
// position a of the window of
//
//     pixel  (i + padding - a dilation) / stride  of y,
//
// if that is a whole number and y has such a pixel. Every pixel of x gathers its own gradients: no
// two threads write to the same address, so no atomic additions are needed.

extern "C" __global__ void im2col_backward(
    const real* __restrict__ images, real* __restrict__ columns, int threads,
    int height, int width, int in_channels, int first_channel, int channels,
    int out_height, int out_width, int kernel_h, int kernel_w, int stride_h, int stride_w,
    int padding_h, int padding_w, int dilation_h, int dilation_w)
{
    int thread = blockIdx.x * blockDim.x + threadIdx.x;
    if (thread >= threads) return;
    int channel = thread % channels, pixel = thread / channels;
    int j = pixel % out_width, i = pixel / out_width % out_height;
    long long image = pixel / out_width / out_height;

    const real* source = images + image * height * width * in_channels + first_channel + channel;
    real* column = columns + (long long)pixel * kernel_h * kernel_w * channels + channel;
    for (int a = 0; a < kernel_h; a++) {
        int row = i + padding_h - a * dilation_h;
        for (int b = 0; b < kernel_w; b++) {
            int col = j + padding_w - b * dilation_w;
            bool inside = row >= 0 && col >= 0 && row % stride_h == 0 && col % stride_w == 0
                          && row / stride_h < height && col / stride_w < width;
            long long pixel_of_y = row / stride_h * width + col / stride_w;
            *column = inside ? source[pixel_of_y * in_channels] : real(0);
            column += channels;
        }
    }
}
