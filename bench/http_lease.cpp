#include "bench/http_lease.hpp"

#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>
#include <equeue/json_codec.hpp>
#include <stdexcept>

#include "base/json_document.hpp"

namespace equeue::bench {
namespace {

std::string settle_body(const boost::json::value& jobs) {
  std::vector<std::string> elements;
  for (const auto& job : jobs.as_array()) {
    elements.push_back(JsonObject()
                           .text("id", boost::json::value_to<std::string>(job.at("id")))
                           .text("outcome", "succeeded")
                           .str());
  }
  return JsonObject().raw("jobs", json_array(elements)).str();
}

}  // namespace

boost::asio::awaitable<std::size_t> claim_and_settle(HttpConnection& connection, std::string claim_body) {
  const auto claimed = co_await connection.post("/v1/leases", std::move(claim_body));
  if (claimed.status / 100 != 2) throw std::runtime_error("the claim was answered " + claimed.body);
  const auto lease = detail::parse(claimed.body).value();
  const auto& jobs = lease.at("jobs");
  if (jobs.as_array().empty()) co_return 0;
  const auto target = "/v1/leases/" + boost::json::value_to<std::string>(lease.at("lease")) + "/settle";
  const auto settled = co_await connection.post(target, settle_body(jobs));
  if (settled.status / 100 != 2) throw std::runtime_error("the settlement was answered " + settled.body);
  co_return jobs.as_array().size();
}

}  // namespace equeue::bench
