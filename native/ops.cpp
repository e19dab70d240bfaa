// Operator lookup and the one boxed call.
#include "bridge.h"

#include <ATen/core/Generator.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

#include <vector>

namespace {

enum class Kind : uint8_t { Other, Float, Number, Int, Tensors, OptionalTensors, Ints, Doubles, Bools };

struct Operator {
    c10::OperatorHandle handle;
    std::vector<Kind> kinds;
    std::vector<bool> optional;
};

Kind kind_of(c10::TypePtr type, bool& optional) {
    optional = false;
    if (type->kind() == c10::TypeKind::OptionalType) {
        optional = true;
        type = type->expectRef<c10::OptionalType>().getElementType();
    }
    switch (type->kind()) {
        case c10::TypeKind::FloatType: return Kind::Float;
        case c10::TypeKind::NumberType: return Kind::Number;
        case c10::TypeKind::IntType:
        case c10::TypeKind::SymIntType: return Kind::Int;
        case c10::TypeKind::ListType: {
            auto element = type->expectRef<c10::ListType>().getElementType();
            switch (element->kind()) {
                case c10::TypeKind::TensorType: return Kind::Tensors;
                case c10::TypeKind::OptionalType: return Kind::OptionalTensors;
                case c10::TypeKind::FloatType: return Kind::Doubles;
                case c10::TypeKind::BoolType: return Kind::Bools;
                default: return Kind::Ints;
            }
        }
        default: return Kind::Other;
    }
}

c10::IValue to_ivalue(const ft_value& v, Kind kind) {
    switch (v.tag) {
        case FT_NONE: return c10::IValue();
        case FT_TENSOR: return c10::IValue(forno::borrow(const_cast<void*>(v.p)));
        case FT_INT:
            if (kind == Kind::Float) return c10::IValue(static_cast<double>(v.i));
            if (kind == Kind::Ints) return c10::IValue(c10::List<int64_t>({v.i}));
            return c10::IValue(v.i);
        case FT_DOUBLE: return c10::IValue(v.d);
        case FT_BOOL: return c10::IValue(v.i != 0);
        case FT_INTS: {
            auto* p = static_cast<const int64_t*>(v.p);
            if (kind == Kind::Bools) {
                c10::List<bool> list;
                list.reserve(v.len);
                for (int32_t i = 0; i < v.len; i++) list.push_back(p[i] != 0);
                return c10::IValue(std::move(list));
            }
            return c10::IValue(std::vector<int64_t>(p, p + v.len));
        }
        case FT_DOUBLES: {
            auto* p = static_cast<const double*>(v.p);
            return c10::IValue(std::vector<double>(p, p + v.len));
        }
        case FT_TENSORS: {
            auto* p = static_cast<void* const*>(v.p);
            if (kind == Kind::OptionalTensors) {
                // A generic list: the type of optionals differs between libtorch 1.x and 2.x.
                c10::impl::GenericList list(c10::OptionalType::ofTensor());
                list.reserve(v.len);
                for (int32_t i = 0; i < v.len; i++)
                    list.push_back(p[i] == nullptr ? c10::IValue() : c10::IValue(forno::borrow(p[i])));
                return c10::IValue(std::move(list));
            }
            c10::List<at::Tensor> list;
            list.reserve(v.len);
            for (int32_t i = 0; i < v.len; i++) list.push_back(forno::borrow(p[i]));
            return c10::IValue(std::move(list));
        }
        case FT_STRING: return c10::IValue(std::string(static_cast<const char*>(v.p), v.len));
        case FT_GENERATOR: return c10::IValue(*static_cast<const at::Generator*>(v.p));
        case FT_DEVICE:
            return c10::IValue(c10::Device(static_cast<c10::DeviceType>(v.i >> 16), static_cast<int8_t>(v.i & 0xffff)));
        default: TORCH_CHECK(false, "unknown argument tag ", v.tag);
    }
}

void put(ft_value* results, int32_t capacity, int32_t& n, ft_value v) {
    TORCH_CHECK(n < capacity, "more results than the caller has room for (", capacity, ")");
    results[n++] = v;
}

void put_tensor(ft_value* results, int32_t capacity, int32_t& n, at::Tensor t) {
    TORCH_CHECK(n < capacity, "more results than the caller has room for (", capacity, ")");
    ft_value v{};
    v.tag = t.defined() ? FT_TENSOR : FT_NONE;
    v.p = forno::give(std::move(t));
    results[n++] = v;
}

void unpack(c10::IValue&& value, ft_value* results, int32_t capacity, int32_t& n) {
    ft_value v{};
    if (value.isTensor()) {
        put_tensor(results, capacity, n, std::move(value).toTensor());
    } else if (value.isTensorList()) {
        for (const at::Tensor& t : value.toTensorVector()) put_tensor(results, capacity, n, t);
    } else if (value.isInt()) {
        v.tag = FT_INT, v.i = value.toInt();
        put(results, capacity, n, v);
    } else if (value.isDouble()) {
        v.tag = FT_DOUBLE, v.d = value.toDouble();
        put(results, capacity, n, v);
    } else if (value.isBool()) {
        v.tag = FT_BOOL, v.i = value.toBool();
        put(results, capacity, n, v);
    } else if (value.isNone()) {
        put(results, capacity, n, v);
    } else {
        TORCH_CHECK(false, "a result of type ", value.tagKind(), " has no form in the bridge");
    }
}

}  // namespace

int32_t ft_op_find(const char* name, const char* overload, ft_op* op) {
    return forno::guard([&] {
        *op = nullptr;
        auto found = c10::Dispatcher::singleton().findSchema({name, overload});
        if (!found.has_value()) return;
        auto result = std::make_unique<Operator>(Operator{*found, {}, {}});
        for (const auto& argument : found->schema().arguments()) {
            bool optional;
            result->kinds.push_back(kind_of(argument.type(), optional));
            result->optional.push_back(optional);
        }
        *op = result.release();  // lives as long as the process
    });
}

int32_t ft_op_call(ft_op op, const ft_value* args, int32_t n, ft_value* results, int32_t capacity, int32_t* count) {
    *count = 0;
    int32_t filled = 0;
    int32_t code = forno::guard([&] {
        auto* o = static_cast<Operator*>(op);
        const auto& schema = o->handle.schema();
        const auto& arguments = schema.arguments();
        TORCH_CHECK(n <= static_cast<int32_t>(arguments.size()), schema.name(), " takes ", arguments.size(),
                    " arguments, ", n, " given");
        torch::jit::Stack stack;
        stack.reserve(arguments.size() + 1);
        for (int32_t i = 0; i < n; i++) stack.push_back(to_ivalue(args[i], o->kinds[i]));
        for (size_t i = n; i < arguments.size(); i++) {
            const auto& fallback = arguments[i].default_value();
            if (fallback.has_value()) {
                stack.push_back(*fallback);
            } else {
                TORCH_CHECK(o->optional[i], schema.name(), ": argument ", arguments[i].name(), " is missing");
                stack.emplace_back();
            }
        }
        o->handle.callBoxed(&stack);
        for (auto& value : stack) unpack(std::move(value), results, capacity, filled);
    });
    if (code != FT_OK) {
        for (int32_t i = 0; i < filled; i++)
            if (results[i].tag == FT_TENSOR) ft_tensor_free(const_cast<void*>(results[i].p));
        return code;
    }
    *count = filled;
    return FT_OK;
}
