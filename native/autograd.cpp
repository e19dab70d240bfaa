// Gradients: leaves, backward, and nodes whose backward lives on the caller's side.
#include "bridge.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/variable.h>

#include <memory>
#include <vector>

namespace {

using torch::autograd::variable_list;

variable_list borrow_all(const ft_tensor* handles, int32_t n) {
    variable_list list;
    list.reserve(n);
    for (int32_t i = 0; i < n; i++) list.push_back(handles == nullptr ? at::Tensor() : forno::borrow(handles[i]));
    return list;
}

struct CallbackNode : torch::autograd::Node {
    ft_backward backward = nullptr;
    ft_release release_context = nullptr;
    void* context = nullptr;

    ~CallbackNode() override {
        if (release_context != nullptr) release_context(context);
    }

    variable_list apply(variable_list&& grads) override {
        std::vector<ft_tensor> in, out(num_outputs(), nullptr);
        for (auto& g : grads) in.push_back(g.defined() ? g.unsafeGetTensorImpl() : nullptr);
        int32_t code = backward(context, static_cast<int32_t>(in.size()), in.data(),
                                static_cast<int32_t>(out.size()), out.data());
        variable_list results;
        for (auto* h : out) {
            results.push_back(forno::borrow(h));
            ft_tensor_free(h);
        }
        if (code != FT_OK) throw forno::CallbackFailed();
        return results;
    }

    std::string name() const override { return "forno::CallbackNode"; }
};

}  // namespace

int32_t ft_requires_grad(ft_tensor t, int32_t* value) {
    return forno::guard([&] { *value = forno::borrow(t).requires_grad(); });
}

int32_t ft_set_requires_grad(ft_tensor t, int32_t value) {
    return forno::guard([&] { forno::borrow(t).requires_grad_(value != 0); });
}

int32_t ft_grad_of(ft_tensor t, ft_tensor* grad) {
    return forno::guard([&] {
        at::Tensor g = forno::borrow(t).grad();
        *grad = forno::give(std::move(g));
    });
}

int32_t ft_set_grad(ft_tensor t, ft_tensor grad) {
    return forno::guard([&] { forno::borrow(t).mutable_grad() = forno::borrow(grad); });
}

int32_t ft_backward_run(const ft_tensor* outputs, const ft_tensor* grads, int32_t n, int32_t retain) {
    return forno::guard([&] {
        torch::autograd::backward(borrow_all(outputs, n), grads == nullptr ? variable_list() : borrow_all(grads, n),
                                  retain != 0, false);
    });
}

int32_t ft_grad_run(const ft_tensor* outputs, const ft_tensor* grads, int32_t n, const ft_tensor* inputs,
                    int32_t n_inputs, int32_t retain, ft_tensor* results) {
    return forno::guard([&] {
        auto found = torch::autograd::grad(borrow_all(outputs, n), borrow_all(inputs, n_inputs),
                                           grads == nullptr ? variable_list() : borrow_all(grads, n), retain != 0,
                                           false, true);
        for (int32_t i = 0; i < n_inputs; i++) results[i] = forno::give(std::move(found[i]));
    });
}

int32_t ft_grad_mode(int32_t value) {
    int32_t before = c10::GradMode::is_enabled();
    if (value >= 0) c10::GradMode::set_enabled(value != 0);
    return before;
}

int32_t ft_node_attach(const ft_tensor* inputs, int32_t n_in, const ft_tensor* outputs, int32_t n_out,
                       ft_backward backward, ft_release release, void* context, ft_tensor* results) {
    return forno::guard([&] {
        auto node = std::shared_ptr<CallbackNode>(new CallbackNode(), torch::autograd::deleteNode);
        node->set_next_edges(torch::autograd::collect_next_edges(borrow_all(inputs, n_in)));
        std::vector<at::Tensor> attached;
        for (int32_t i = 0; i < n_out; i++) {
            // Shares the storage, but is neither a view nor part of an older graph.
            at::Tensor t = forno::borrow(outputs[i]).variable_data();
            torch::autograd::create_gradient_edge(t, node);
            attached.push_back(std::move(t));
        }
        node->backward = backward;
        node->release_context = release;
        node->context = context;
        for (int32_t i = 0; i < n_out; i++) results[i] = forno::give(std::move(attached[i]));
    });
}
