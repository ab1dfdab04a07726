// Whether faults lead somewhere.
#pragma once

#include <boost/json/value.hpp>
#include <equeue/error.hpp>

#include "fuzz/target.hpp"
#include "process/text.hpp"

namespace equeue::fuzz {

inline void check_text(std::string_view text) {
  EQUEUE_CHECK(process::valid_utf8(text) == text);
}

// Every pointer of `error` leads to a value of `document`, or, for a field that is missing, to one of its
// objects and a name that this has not.
inline void check_faults(const Error& error, const boost::json::value& document) {
  for (const auto& fault : error.faults) {
    check_text(fault.pointer);
    check_text(fault.message);
    EQUEUE_CHECK(!fault.message.empty());
    boost::system::error_code failed;
    if (document.find_pointer(fault.pointer, failed) != nullptr) continue;
    const auto last = fault.pointer.rfind('/');
    EQUEUE_CHECK(last != std::string::npos);
    const auto* const parent = document.find_pointer(std::string_view(fault.pointer).substr(0, last), failed);
    EQUEUE_CHECK(parent != nullptr && parent->is_object());
    EQUEUE_CHECK(fault.message == "missing");
  }
}

}  // namespace equeue::fuzz
