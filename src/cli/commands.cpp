#include "cli/commands.hpp"

namespace equeue::cli {

void add_commands(CommandLine& line) {
  auto root = line.root();
  add_dev(root);
  add_work(root);
  add_serve(root);
  add_enqueue(root);

  auto jobs = root.command("jobs", "Look at single jobs, wait for them, cancel or redrive them");
  add_jobs_list(jobs);
  add_jobs_get(jobs);
  add_jobs_wait(jobs);
  add_jobs_cancel(jobs);
  add_jobs_redrive(jobs);

  auto queues = root.command("queues", "Look at queues, pause and resume them, limit or purge what waits");
  add_queues_list(queues);
  add_queues_pause(queues);
  add_queues_resume(queues);
  add_queues_limit(queues);
  add_queues_purge(queues);

  auto dead = root.command("dead", "Dead jobs: list, redrive or purge them");
  add_dead_list(dead);
  add_dead_redrive(dead);
  add_dead_purge(dead);

  auto users = root.command("users", "Who may log in to the HTTP API, and do what there");
  add_users_add(users);
  add_users_list(users);
  add_users_passwd(users);
  add_users_scopes(users);
  add_users_disable(users);
  add_users_enable(users);

  auto keys = root.command("keys", "API keys, by which programs use the HTTP API");
  add_keys_create(keys);
  add_keys_list(keys);
  add_keys_revoke(keys);

  add_migrate(root);
  add_bench(root);
  add_config(root);
  add_version(root);
  add_completion(root, line);
}

}  // namespace equeue::cli
