// Enough of CUDA to compile the source of a kernel as C++ and run it on the CPU, one thread after the other.
//
// A thread that comes to a barrier must wait for the others of its block, so each thread may need a stack of its own: a
// fiber. A fiber runs thread after thread until one of them waits at a barrier; then the next fiber goes on with those not
// yet begun. So a kernel without barriers is a plain loop in one fiber.
#pragma once
#include <setjmp.h>
#include <signal.h>
#include <ucontext.h>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __syncthreads() simulator::barrier(__LINE__)
#ifdef __ELF__                                  // a section of its own, so that it can be filled with garbage for each block
#define __shared__ static __attribute__((section("gpu_shared")))
extern unsigned __start_gpu_shared[] __attribute__((weak, visibility("hidden")));      // both made by the linker
extern unsigned __stop_gpu_shared[] __attribute__((weak, visibility("hidden")));
#else
#define __shared__ static
static unsigned* const __start_gpu_shared = nullptr, *const __stop_gpu_shared = nullptr;
#endif

struct uint3 { unsigned int x, y, z; };
static uint3 threadIdx, blockIdx, blockDim, gridDim;

// The functions that CUDA overloads for float and double. Mixing the two is ambiguous here, where CUDA would silently promote.
#define FUNCTION(name) \
    static inline float name(float x) { return __builtin_##name##f(x); } \
    static inline double name(double x) { return __builtin_##name(x); }
FUNCTION(exp) FUNCTION(log) FUNCTION(sqrt) FUNCTION(fabs) FUNCTION(floor) FUNCTION(ceil) FUNCTION(tanh)
#undef FUNCTION
#define FUNCTION(name) \
    static inline float name(float x, float y) { return __builtin_##name##f(x, y); } \
    static inline double name(double x, double y) { return __builtin_##name(x, y); }
FUNCTION(fmax) FUNCTION(fmin) FUNCTION(pow)
#undef FUNCTION
static inline float fma(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
static inline double fma(double x, double y, double z) { return __builtin_fma(x, y, z); }
static inline float rsqrt(float x) { return 1 / sqrt(x); }
static inline double rsqrt(double x) { return 1 / sqrt(x); }
static inline bool isnan(float x) { return x != x; }
static inline bool isnan(double x) { return x != x; }
static inline float max(float x, float y) { return fmax(x, y); }
static inline float min(float x, float y) { return fmin(x, y); }
static inline double max(double x, double y) { return fmax(x, y); }
static inline double min(double x, double y) { return fmin(x, y); }
#define FUNCTION(T) \
    static inline T max(T x, T y) { return x > y ? x : y; } \
    static inline T min(T x, T y) { return x < y ? x : y; }
FUNCTION(int) FUNCTION(unsigned) FUNCTION(long long) FUNCTION(unsigned long long)
#undef FUNCTION
template <class T> static inline T __ldg(const T* address) { return *address; }

namespace simulator {

const unsigned most_threads = 1024, garbage = 0x7ffcdead;       // garbage is not a number, as a float and as half a double
const size_t stack_bytes = 64 * 1024 + 320;                     // not a power of two: the stacks shall not share cache lines

struct Fiber {
    jmp_buf here;        // where to go on
    bool begun;
    int line;            // of the barrier at which its thread waits; 0 if there is none
};

struct Failure {
    int signal;          // the CPU's, such as SIGSEGV
    int lines[2];        // two lines at which threads of a block wait, or 0 where one has finished
};

static Fiber fibers[most_threads];
static Fiber* current;
static char* stacks;
static jmp_buf scheduler, launcher;
static unsigned threads, threads_begun;                         // of this block
static bool descending;
static void (*kernel)();
static void (*call)(void** arguments);
static void** arguments;
static Failure* failure;

// Leave this fiber; `resume` comes back here.
static __attribute__((noinline)) void leave(int line) {
    uint3 thread = threadIdx;
    current->line = line;
    if (!_setjmp(current->here)) _longjmp(scheduler, 1);
    threadIdx = thread;
}

static inline __attribute__((always_inline)) void barrier(int line) {
    asm volatile("" ::: "memory");                              // what is in registers must be in memory when others look
    leave(line);
    asm volatile("" ::: "memory");
}

static void run_threads() {
    for (;;) {
        while (threads_begun < threads) {
            unsigned i = threads_begun++;
            if (descending) i = threads - 1 - i;
            threadIdx = {i % blockDim.x, i / blockDim.x % blockDim.y, i / (blockDim.x * blockDim.y)};
            call(arguments);
        }
        leave(0);
    }
}

static __attribute__((noinline)) void resume(unsigned i) {
    current = &fibers[i];
    if (_setjmp(scheduler)) return;                             // the fiber has left
    if (current->begun) _longjmp(current->here, 1);             // unlike swapcontext, this makes no system call
    static ucontext_t context;
    getcontext(&context);
    context.uc_stack.ss_sp = stacks + i * stack_bytes;
    context.uc_stack.ss_size = stack_bytes;
    makecontext(&context, run_threads, 0);
    current->begun = true;
    setcontext(&context);
}

static bool run_block() {
    for (unsigned* word = __start_gpu_shared; word + 1 <= __stop_gpu_shared; word++) *word = garbage;
    threads_begun = 0;
    for (unsigned waiting = 0; threads_begun < threads; waiting += fibers[waiting].line != 0) resume(waiting);
    for (;;) {
        for (unsigned i = 1; i < threads; i++) {
            if (fibers[i].line == fibers[0].line) continue;
            failure->lines[0] = fibers[0].line;
            failure->lines[1] = fibers[i].line;
            return false;
        }
        if (!fibers[0].line) return true;
        for (unsigned i = 0; i < threads; i++) resume(i);
    }
}

static bool run_grid() {
    unsigned blocks_of_plane = gridDim.x * gridDim.y;
    for (unsigned long long n = (unsigned long long)blocks_of_plane * gridDim.z, i = 0; i < n; i++) {
        unsigned block = descending ? n - 1 - i : i;
        blockIdx = {block % gridDim.x, block / gridDim.x % gridDim.y, block / blocks_of_plane};
        if (!run_block()) return false;
    }
    return true;
}

static void fault(int signal) {
    failure->signal = signal;
    _longjmp(launcher, 1);
}

template <class... P, size_t... I> static void call_as(void** arguments, std::index_sequence<I...>) {
    reinterpret_cast<void (*)(P...)>(kernel)(*static_cast<P*>(arguments[I])...);
}

// Run the whole grid; true if all threads came to the end.
template <class... P>
static bool launch(void (*function)(P...), uint3 grid, uint3 block, void** values, bool backwards, Failure* report) {
    if (!stacks) stacks = new char[most_threads * stack_bytes];
    kernel = reinterpret_cast<void (*)()>(function);
    call = [](void** arguments) { call_as<P...>(arguments, std::index_sequence_for<P...>()); };
    arguments = values, gridDim = grid, blockDim = block, descending = backwards, failure = report;
    threads = block.x * block.y * block.z;

    const int signals[] = {SIGSEGV, SIGBUS, SIGFPE};            // a wild address shall be an error in Python, not its end
    struct sigaction before[3], action = {};
    action.sa_handler = fault;
    action.sa_flags = SA_NODEFER;
    for (int i = 0; i < 3; i++) sigaction(signals[i], &action, &before[i]);
    bool good = !_setjmp(launcher) && run_grid();
    for (int i = 0; i < 3; i++) sigaction(signals[i], &before[i], nullptr);
    if (!good) for (Fiber& fiber : fibers) fiber = {};          // some hang in the middle of a thread: begin afresh next time
    return good;
}

// The NumPy names of the parameters' types, with a * before that of what a pointer points to.
template <class T> struct Type { static constexpr char name[] = "?"; };
#define TYPE(T, text) \
    template <> struct Type<T> { static constexpr char name[] = text; }; \
    template <> struct Type<T*> { static constexpr char name[] = "*" text; }; \
    template <> struct Type<const T*> { static constexpr char name[] = "*" text; };
TYPE(bool, "bool") TYPE(signed char, "int8") TYPE(unsigned char, "uint8") TYPE(int, "int32") TYPE(unsigned, "uint32")
TYPE(long, "int64") TYPE(unsigned long, "uint64") TYPE(long long, "int64") TYPE(unsigned long long, "uint64")
TYPE(float, "float32") TYPE(double, "float64")
#undef TYPE

template <class... P> static const char* const* parameters(void (*)(P...)) {
    static const char* const names[] = {Type<P>::name..., nullptr};
    return names;
}

}  // namespace simulator

// What Python calls. All else is hidden, so that a kernel may have the name of a function in the C library.
#define VISIBLE extern "C" __attribute__((visibility("default")))
#define SIMULATED(name) \
    VISIBLE const char* const* parameters_##name() { return simulator::parameters(name); } \
    VISIBLE bool launch_##name(uint3 grid, uint3 block, void** arguments, bool descending, simulator::Failure* failure) { \
        return simulator::launch(name, grid, block, arguments, descending, failure); \
    }
