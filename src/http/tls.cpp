#include "http/tls.hpp"

#include <openssl/ssl.h>

namespace equeue::http {

namespace ssl = boost::asio::ssl;

Result<std::shared_ptr<TlsContext>> TlsContext::load(const std::string& certificate_file,
                                                     const std::string& key_file) {
  std::shared_ptr<TlsContext> context(new TlsContext(certificate_file, key_file));
  if (auto loaded = context->reload(); !loaded) return loaded.error();
  return context;
}

Result<void> TlsContext::reload() {
  const auto refuse = [](const std::string& file, const std::string& why) {
    return Error{.code = ErrorCode::configuration,
                 .message = fmt::format("the TLS file '{}' cannot be used: {}", file, why),
                 .hint = "give a PEM certificate with its chain, and the PEM key that belongs to it"};
  };
  auto fresh = std::make_shared<ssl::context>(ssl::context::tls_server);
  boost::system::error_code failed;
  fresh->set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1,
                     failed);
  fresh->use_certificate_chain_file(certificate_file_, failed);
  if (failed) return refuse(certificate_file_, failed.message());
  fresh->use_private_key_file(key_file_, ssl::context::pem, failed);
  if (failed) return refuse(key_file_, failed.message());
  if (SSL_CTX_check_private_key(fresh->native_handle()) != 1)
    return refuse(key_file_, "it is not the key of the certificate");
  current_ = std::move(fresh);
  return {};
}

}  // namespace equeue::http
