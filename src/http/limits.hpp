// The caps of the server. Beyond them a request is refused with a status that says which.
#pragma once

#include <chrono>
#include <cstddef>

namespace equeue::http::limits {

inline constexpr std::size_t request_line_bytes = 8 * 1024;  // 414
inline constexpr std::size_t header_bytes = 32 * 1024;       // 431; the request line counts
inline constexpr std::size_t headers = 100;                  // 431
inline constexpr std::size_t body_bytes = 1024 * 1024;       // 413

}  // namespace equeue::http::limits

namespace equeue::http {

// Each is for the whole of its part, so that a byte now and then keeps nothing open. A connection that is too
// late is closed without an answer.
struct Deadlines {
  std::chrono::milliseconds idle = std::chrono::seconds(75);  // between two requests of a connection
  std::chrono::milliseconds head = std::chrono::seconds(10);  // a TLS handshake; the head of a request
  std::chrono::milliseconds body = std::chrono::seconds(30);
  std::chrono::milliseconds answer = std::chrono::seconds(30);  // to take the answer
};

}  // namespace equeue::http
