// Make a batch of training images from the bytes of the whole set: normalise, crop and flip.
//
//   images (all, height, width, channels): bytes; mean (height, width, channels)
//   indices (N,): which images
//   top, left (N,): where the crop begins in the image with its border of `padding` zeros
//   flipped (N,): 1 to flip the crop left to right, else 0
//   batch (N, height, width, channels) = image / 255 - mean, and 0 outside the image
//
// Launch: one thread for each element of the batch, THREADS in a block, n in all.

typedef REAL real;

extern "C" __global__ void prepare_images(
    const unsigned char* __restrict__ images, const real* __restrict__ mean,
    const long long* __restrict__ indices, const long long* __restrict__ top,
    const long long* __restrict__ left, const long long* __restrict__ flipped,
    real* __restrict__ batch, int n, int height, int width, int channels, int padding)
{
    int out = blockIdx.x * blockDim.x + threadIdx.x;
    if (out >= n) return;
    int channel = out % channels, pixel = out / channels;
    int j = pixel % width, i = pixel / width % height, image = pixel / width / height;
    if (flipped[image]) j = width - 1 - j;
    int row = i + (int)top[image] - padding, col = j + (int)left[image] - padding;
    if (row < 0 || row >= height || col < 0 || col >= width) {
        batch[out] = 0;
        return;
    }
    long long element = (long long)(row * width + col) * channels + channel;
    long long first = indices[image] * height * width * channels;
    batch[out] = images[first + element] / real(255) - mean[element];
}
