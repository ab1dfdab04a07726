/// All of equeue, but two: coroutine.hpp (it brings Boost.Asio, and with it seconds of compile time) and
/// testing.hpp (it needs a library of its own, equeue::testing).
#pragma once

#include <equeue/client.hpp>
#include <equeue/context.hpp>
#include <equeue/database.hpp>
#include <equeue/enqueue.hpp>
#include <equeue/error.hpp>
#include <equeue/id.hpp>
#include <equeue/job.hpp>
#include <equeue/json_codec.hpp>
#include <equeue/limits.hpp>
#include <equeue/middleware.hpp>
#include <equeue/outcome.hpp>
#include <equeue/registry.hpp>
#include <equeue/retry_policy.hpp>
#include <equeue/typed.hpp>
#include <equeue/worker.hpp>
