// Tensor handles: life, shape, data.
#include "bridge.h"

#include <ATen/ops/from_blob.h>

#include <cstddef>

namespace {
// A view over the handle without touching the count.
const c10::TensorImpl* peek(ft_tensor t) {
    TORCH_CHECK(t != nullptr, "null tensor");
    return static_cast<const c10::TensorImpl*>(t);
}
}  // namespace

int32_t ft_abi(int32_t* value_size, int32_t* tag_offset, int32_t* len_offset, int32_t* payload_offset) {
    *value_size = sizeof(ft_value);
    *tag_offset = offsetof(ft_value, tag);
    *len_offset = offsetof(ft_value, len);
    *payload_offset = offsetof(ft_value, i);
    return FT_OK;
}

void ft_tensor_free(ft_tensor t) {
    if (t == nullptr) return;
    auto owned =
        c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(static_cast<c10::TensorImpl*>(t));
}

int32_t ft_tensor_info(ft_tensor t, int32_t* dtype, int32_t* device, int32_t* dims, int64_t* sizes, int32_t capacity) {
    return forno::guard([&] {
        auto* impl = peek(t);
        *dtype = static_cast<int32_t>(c10::typeMetaToScalarType(impl->dtype()));
        auto d = impl->device();
        *device = (static_cast<int32_t>(d.type()) << 16) | (d.has_index() ? d.index() : 0);
        auto s = impl->sizes();
        *dims = static_cast<int32_t>(s.size());
        TORCH_CHECK(*dims <= capacity, "a tensor of ", *dims, " dimensions; the bridge carries ", capacity);
        for (size_t i = 0; i < s.size(); i++) sizes[i] = s[i];
    });
}

int32_t ft_tensor_strides(ft_tensor t, int64_t* strides, int32_t capacity) {
    return forno::guard([&] {
        auto s = peek(t)->strides();
        TORCH_CHECK(static_cast<int32_t>(s.size()) <= capacity, "too many dimensions");
        for (size_t i = 0; i < s.size(); i++) strides[i] = s[i];
    });
}

int32_t ft_tensor_data(ft_tensor t, void** data) {
    return forno::guard([&] { *data = forno::borrow(t).data_ptr(); });
}

int32_t ft_tensor_wrap(void* data, const int64_t* sizes, int32_t dims, int32_t dtype,
                       ft_release release, void* context, ft_tensor* t) {
    return forno::guard([&] {
        auto deleter = [release, context](void*) {
            if (release != nullptr) release(context);
        };
        *t = forno::give(at::from_blob(data, c10::IntArrayRef(sizes, dims), deleter,
                                       at::TensorOptions().dtype(static_cast<c10::ScalarType>(dtype))));
    });
}

int32_t ft_tensor_is_contiguous(ft_tensor t, int32_t channels_last, int32_t* result) {
    return forno::guard([&] {
        *result = peek(t)->is_contiguous(channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
    });
}

int32_t ft_tensor_use_count(ft_tensor t, int64_t* count) {
    return forno::guard([&] {
        auto borrowed = forno::borrow(t);
        *count = static_cast<int64_t>(borrowed.use_count()) - 1;
    });
}

int32_t ft_tensor_share(ft_tensor t, ft_tensor* shared) {
    return forno::guard([&] { *shared = forno::give(forno::borrow(t)); });
}
