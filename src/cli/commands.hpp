// Every command of the program, one source file each.
#pragma once

#include "cli/command_line.hpp"

namespace equeue::cli {

// Declares all of them.
void add_commands(CommandLine& line);

void add_dev(Command root);
void add_work(Command root);
void add_serve(Command root);
void add_enqueue(Command root);
void add_jobs_list(Command jobs);
void add_jobs_get(Command jobs);
void add_jobs_wait(Command jobs);
void add_jobs_cancel(Command jobs);
void add_jobs_redrive(Command jobs);
void add_queues_list(Command queues);
void add_queues_pause(Command queues);
void add_queues_resume(Command queues);
void add_queues_limit(Command queues);
void add_queues_purge(Command queues);
void add_dead_list(Command dead);
void add_dead_redrive(Command dead);
void add_dead_purge(Command dead);
void add_users_add(Command users);
void add_users_list(Command users);
void add_users_passwd(Command users);
void add_users_scopes(Command users);
void add_users_disable(Command users);
void add_users_enable(Command users);
void add_keys_create(Command keys);
void add_keys_list(Command keys);
void add_keys_revoke(Command keys);
void add_migrate(Command root);
void add_bench(Command root);
void add_config(Command root);
void add_version(Command root);
void add_completion(Command root, const CommandLine& line);

}  // namespace equeue::cli
