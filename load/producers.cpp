#include "load/producers.hpp"

#include <cmath>
#include <equeue/client.hpp>
#include <future>
#include <thread>

#include "load/starts.hpp"

namespace equeue::load {
namespace {

Offered offer_alone(const Database& database, double jobs_per_second, Clock::time_point begin,
                    Clock::time_point end) {
  Client client(database);
  Offered offered;
  // Whole jobs in each batch, and none forgotten in the fractions.
  double owed = 0;
  const double each = jobs_per_second * std::chrono::duration<double>(offer_pace).count();
  for (auto due = begin; due < end && Clock::now() < end; due += offer_pace) {
    std::this_thread::sleep_until(due);
    owed += each;
    const auto count = static_cast<std::size_t>(owed);
    owed -= static_cast<double>(count);
    if (count == 0) continue;
    const std::vector<NewJob> jobs(count, stamped(due));
    const auto enqueued = client.enqueue(jobs);
    if (!enqueued && enqueued.error().code != ErrorCode::queue_full) throw Exception(enqueued.error());
    offered.jobs += count;
    (enqueued ? offered.accepted : offered.refused) += count;
  }
  return offered;
}

}  // namespace

Offered& Offered::operator+=(const Offered& other) {
  jobs += other.jobs;
  accepted += other.accepted;
  refused += other.refused;
  seconds += other.seconds;
  return *this;
}

Offered offer(const Database& database, double jobs_per_second, std::chrono::milliseconds lasts,
              int threads) {
  const auto begin = Clock::now(), end = begin + lasts;
  std::vector<std::future<Offered>> producers;
  for (int i = 0; i < threads; ++i) {
    // One after the other, not all at the same tick.
    const auto first = begin + offer_pace * i / threads;
    producers.push_back(std::async(std::launch::async, [&database, jobs_per_second, threads, first, end] {
      return offer_alone(database, jobs_per_second / threads, first, end);
    }));
  }
  Offered all;
  for (auto& producer : producers) all += producer.get();
  all.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return all;
}

}  // namespace equeue::load
