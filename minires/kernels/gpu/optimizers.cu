// One step of SGD with momentum for all parameters of a net at once.
//
//   weights, velocities   one flat array each; parameter p has sizes[p] elements, from starts[p] on
//   gradients (P,)        the address of each parameter's gradient, or 0 if it has none
//   decays (P,)           the weight decay of each parameter
//   lr_scales (P,)        the factor of each parameter's learning rate
//
// Launch: blockIdx.y is the parameter. The blocks along x share its elements: each thread takes
// every (gridDim.x blockDim.x)-th element.

typedef REAL real;

extern "C" __global__ void sgd(real* __restrict__ weights, real* __restrict__ velocities,
                               const unsigned long long* __restrict__ gradients,
                               const int* __restrict__ starts, const int* __restrict__ sizes,
                               const real* __restrict__ decays, const real* __restrict__ lr_scales,
                               real lr, real momentum, int nesterov)
{
    int start = starts[blockIdx.y], size = sizes[blockIdx.y];
    const real* gradient = (const real*)gradients[blockIdx.y];
    if (gradient == 0) return;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < size; i += gridDim.x * blockDim.x) {
        real g = gradient[i] + decays[blockIdx.y] * weights[start + i];
        real v = momentum * velocities[start + i] + g;
        velocities[start + i] = v;
        weights[start + i] -= lr * lr_scales[blockIdx.y] * (nesterov ? g + momentum * v : v);
    }
}
