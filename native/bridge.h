// What the bridge's sources share: handles to tensors and back, and the wall that no exception crosses.
#pragma once
#include "forno_torch.h"

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

namespace forno {

int32_t fail(int32_t code, const char* message) noexcept;
int32_t fail_current() noexcept;  // translates the exception in flight

inline ft_tensor give(at::Tensor&& t) { return t.defined() ? t.unsafeReleaseTensorImpl() : nullptr; }

inline at::Tensor borrow(ft_tensor h) {
    if (h == nullptr) return at::Tensor();
    auto* impl = static_cast<c10::TensorImpl*>(h);
    c10::raw::intrusive_ptr::incref(impl);
    return at::Tensor::wrap_tensor_impl(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(impl));
}

template <class F>
int32_t guard(F&& f) noexcept {
    try {
        f();
        return FT_OK;
    } catch (...) {
        return fail_current();
    }
}

// Thrown when a callback reported failure: the caller's side holds the real exception.
struct CallbackFailed : std::exception {
    const char* what() const noexcept override { return "a callback failed"; }
};

}  // namespace forno
