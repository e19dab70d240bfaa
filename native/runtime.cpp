// Generators, devices, threads, switches.
#include "bridge.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/version.h>

#include <string>

int32_t ft_generator_new(uint64_t seed, ft_generator* g) {
    return forno::guard([&] { *g = new at::Generator(at::detail::createCPUGenerator(seed)); });
}

int32_t ft_generator_seed(ft_generator g, uint64_t seed) {
    return forno::guard([&] { static_cast<at::Generator*>(g)->set_current_seed(seed); });
}

void ft_generator_free(ft_generator g) { delete static_cast<at::Generator*>(g); }

int32_t ft_generator_state(ft_generator g, ft_tensor* state) {
    return forno::guard([&] { *state = forno::give(static_cast<at::Generator*>(g)->get_state()); });
}

int32_t ft_generator_set_state(ft_generator g, ft_tensor state) {
    return forno::guard([&] { static_cast<at::Generator*>(g)->set_state(forno::borrow(state)); });
}

const char* ft_version() { return TORCH_VERSION; }

const char* ft_config() {
    static const std::string text = [] {
        try {
            return at::show_config();
        } catch (...) {
            return std::string();
        }
    }();
    return text.c_str();
}

int32_t ft_threads(int32_t set) {
    if (set > 0) {
        int32_t code = forno::guard([&] { at::set_num_threads(set); });
        if (code != FT_OK) return -1;
    }
    return at::get_num_threads();
}

int32_t ft_cuda_count() {
#ifdef FORNO_CUDA
    int32_t n = 0;
    forno::guard([&] {
        if (at::globalContext().hasCUDA()) n = static_cast<int32_t>(at::detail::getCUDAHooks().getNumGPUs());
    });
    return n;
#else
    return 0;
#endif
}

int32_t ft_flush_denormals(int32_t on) {
    return forno::guard([&] { at::globalContext().setFlushDenormal(on != 0); });
}

int32_t ft_use_mkldnn(int32_t on) {
    return forno::guard([&] { at::globalContext().setUserEnabledMkldnn(on != 0); });
}

int32_t ft_allow_tf32(int32_t on) {
    return forno::guard([&] {
        at::globalContext().setAllowTF32CuBLAS(on != 0);
        at::globalContext().setAllowTF32CuDNN(on != 0);
    });
}
