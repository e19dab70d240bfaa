// Forno's C ABI over libtorch: operator lookup, one boxed call, tensors, autograd, generators, devices, errors.
// Every function returns 0 or an error code; the message of the last error of this thread is ft_last_error().
// A tensor handle is a counted reference (c10::TensorImpl*); whoever receives one must ft_tensor_free it.
#pragma once
#include <stdint.h>

#define FT_API extern "C" __attribute__((visibility("default")))

enum ft_code : int32_t { FT_OK = 0, FT_ERROR = 1, FT_OUT_OF_MEMORY = 2, FT_CALLBACK = 3 };

enum ft_tag : int32_t {
    FT_NONE = 0, FT_TENSOR = 1, FT_INT = 2, FT_DOUBLE = 3, FT_BOOL = 4, FT_INTS = 5, FT_DOUBLES = 6,
    FT_TENSORS = 7, FT_STRING = 8, FT_GENERATOR = 9, FT_DEVICE = 10,
};

// An argument or a result. Lists point to `len` elements that live as long as the call.
struct ft_value {
    int32_t tag;
    int32_t len;
    union { int64_t i; double d; const void* p; };
};

typedef void* ft_tensor;
typedef void* ft_op;
typedef void* ft_generator;

// Backward of a node written outside: n_out gradients come in (null: zero), n_in gradients go out (null: none).
typedef int32_t (*ft_backward)(void* context, int32_t n_out, const ft_tensor* grads, int32_t n_in, ft_tensor* result);
typedef void (*ft_release)(void* context);

FT_API const char* ft_last_error();
FT_API int32_t ft_abi(int32_t* value_size, int32_t* tag_offset, int32_t* len_offset, int32_t* payload_offset);

FT_API int32_t ft_op_find(const char* name, const char* overload, ft_op* op);
FT_API int32_t ft_op_call(ft_op op, const ft_value* args, int32_t n,
                          ft_value* results, int32_t capacity, int32_t* count);

FT_API void ft_tensor_free(ft_tensor t);
FT_API int32_t ft_tensor_info(ft_tensor t, int32_t* dtype, int32_t* device,
                              int32_t* dims, int64_t* sizes, int32_t capacity);
FT_API int32_t ft_tensor_strides(ft_tensor t, int64_t* strides, int32_t capacity);
FT_API int32_t ft_tensor_data(ft_tensor t, void** data);
FT_API int32_t ft_tensor_wrap(void* data, const int64_t* sizes, int32_t dims, int32_t dtype,
                              ft_release release, void* context, ft_tensor* t);
FT_API int32_t ft_tensor_is_contiguous(ft_tensor t, int32_t channels_last, int32_t* result);
FT_API int32_t ft_tensor_share(ft_tensor t, ft_tensor* shared);
FT_API int32_t ft_tensor_use_count(ft_tensor t, int64_t* count);

FT_API int32_t ft_requires_grad(ft_tensor t, int32_t* value);
FT_API int32_t ft_set_requires_grad(ft_tensor t, int32_t value);
FT_API int32_t ft_grad_of(ft_tensor t, ft_tensor* grad);
FT_API int32_t ft_set_grad(ft_tensor t, ft_tensor grad);
FT_API int32_t ft_backward_run(const ft_tensor* outputs, const ft_tensor* grads, int32_t n, int32_t retain);
FT_API int32_t ft_grad_run(const ft_tensor* outputs, const ft_tensor* grads, int32_t n, const ft_tensor* inputs,
                           int32_t n_inputs, int32_t retain, ft_tensor* results);
FT_API int32_t ft_grad_mode(int32_t value);  // -1 asks; returns the mode before the call
FT_API int32_t ft_node_attach(const ft_tensor* inputs, int32_t n_in, const ft_tensor* outputs, int32_t n_out,
                              ft_backward backward, ft_release release, void* context, ft_tensor* results);

FT_API int32_t ft_generator_new(uint64_t seed, ft_generator* g);
FT_API int32_t ft_generator_seed(ft_generator g, uint64_t seed);
FT_API void ft_generator_free(ft_generator g);
FT_API int32_t ft_generator_state(ft_generator g, ft_tensor* state);
FT_API int32_t ft_generator_set_state(ft_generator g, ft_tensor state);

FT_API const char* ft_version();
FT_API const char* ft_config();
FT_API int32_t ft_threads(int32_t set);  // 0 asks
FT_API int32_t ft_cuda_count();
FT_API int32_t ft_flush_denormals(int32_t on);
FT_API int32_t ft_use_mkldnn(int32_t on);
FT_API int32_t ft_allow_tf32(int32_t on);
