// The server's certificate, which can be exchanged while it runs.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <equeue/error.hpp>
#include <memory>
#include <string>

namespace equeue::http {

// TLS 1.2 and newer. One thread at a time.
class TlsContext {
 public:
  // PEM files: the certificate with its chain, and its key. configuration when they cannot be read or do not
  // belong together.
  [[nodiscard]] static Result<std::shared_ptr<TlsContext>> load(const std::string& certificate_file,
                                                                const std::string& key_file);

  // Reads the files again, for connections to come. On failure the old certificate stays.
  [[nodiscard]] Result<void> reload();

  // For a new connection, which keeps it as long as it lasts.
  [[nodiscard]] std::shared_ptr<boost::asio::ssl::context> current() const { return current_; }

 private:
  TlsContext(std::string certificate_file, std::string key_file)
      : certificate_file_(std::move(certificate_file)), key_file_(std::move(key_file)) {}

  const std::string certificate_file_;
  const std::string key_file_;
  std::shared_ptr<boost::asio::ssl::context> current_;
};

}  // namespace equeue::http
