// All operations of the API, chapter by chapter, one source file each.
#pragma once

#include "api/operation.hpp"
#include "api/service.hpp"

namespace equeue::api {

// `service` must outlive what they answer.
[[nodiscard]] Operations all_operations(Service& service);

[[nodiscard]] Operations audit_operations(Service& service);      // audit_routes.cpp
[[nodiscard]] Operations document_operations(Service& service);   // document_routes.cpp
[[nodiscard]] Operations enqueue_operations(Service& service);    // enqueue_routes.cpp
[[nodiscard]] Operations event_operations(Service& service);      // event_routes.cpp
[[nodiscard]] Operations health_operations(Service& service);     // health_routes.cpp
[[nodiscard]] Operations job_list_operations(Service& service);   // job_list_routes.cpp
[[nodiscard]] Operations job_operations(Service& service);        // job_routes.cpp
[[nodiscard]] Operations key_operations(Service& service);        // key_routes.cpp
[[nodiscard]] Operations lease_operations(Service& service);      // lease_routes.cpp
[[nodiscard]] Operations operation_operations(Service& service);  // operation_routes.cpp
[[nodiscard]] Operations push_operations(Service& service);       // push_routes.cpp
[[nodiscard]] Operations queue_operations(Service& service);      // queue_routes.cpp
[[nodiscard]] Operations session_operations(Service& service);    // session_routes.cpp
[[nodiscard]] Operations settle_operations(Service& service);     // settle_routes.cpp
[[nodiscard]] Operations task_operations(Service& service);       // task_routes.cpp
[[nodiscard]] Operations user_operations(Service& service);       // user_routes.cpp
[[nodiscard]] Operations webhook_operations(Service& service);    // webhook_routes.cpp
[[nodiscard]] Operations worker_operations(Service& service);     // worker_routes.cpp

}  // namespace equeue::api
