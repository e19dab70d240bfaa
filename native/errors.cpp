#include "bridge.h"

#include <cstring>
#include <new>
#include <string>

namespace forno {
thread_local std::string last_error;

namespace {


bool speaks_of_memory(const std::string& m) {
    return m.find("out of memory") != std::string::npos || m.find("can't allocate memory") != std::string::npos ||
           m.find("not enough memory") != std::string::npos;
}
}  // namespace

int32_t fail(int32_t code, const char* message) noexcept {
    try {
        last_error = message;
    } catch (...) {
        last_error.clear();
    }
    return code;
}

int32_t fail_current() noexcept {
    try {
        throw;
    } catch (const CallbackFailed& e) {
        return fail(FT_CALLBACK, e.what());
    } catch (const c10::Error& e) {
        std::string m = e.what_without_backtrace();
        return fail(speaks_of_memory(m) ? FT_OUT_OF_MEMORY : FT_ERROR, m.c_str());
    } catch (const std::bad_alloc&) {
        return fail(FT_OUT_OF_MEMORY, "out of memory");
    } catch (const std::exception& e) {
        return fail(speaks_of_memory(e.what()) ? FT_OUT_OF_MEMORY : FT_ERROR, e.what());
    } catch (...) {
        return fail(FT_ERROR, "unknown failure in libtorch");
    }
}
}  // namespace forno

const char* ft_last_error() { return forno::last_error.c_str(); }
