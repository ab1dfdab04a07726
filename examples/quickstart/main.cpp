// The example of the README: a task, a job and a worker in one program.
//
//     quickstart postgresql://localhost/app      (after `equeue migrate`)
#include <cstdio>
#include <equeue/equeue.hpp>

struct Greet {  // the payload of a task
  static constexpr std::string_view task = "greetings.write";
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Greet, (), (name))

struct Greeting {  // its result
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Greeting, (), (text))

int main(int argc, char** argv) {
  const equeue::Database database{argc > 1 ? argv[1] : "postgresql://localhost/app"};

  equeue::Registry tasks;
  tasks.add<Greet>(
      [](equeue::Context& job, const Greet& in) {
        if (in.name.empty()) throw equeue::PermanentFailure{"nobody to greet"};  // dead at once
        job.log("attempt " + std::to_string(job.attempt()));                     // kept if it fails
        return Greeting{"Hello " + in.name};
      },
      {.queue = "greetings", .max_attempts = 3, .timeout = std::chrono::seconds(30)});

  equeue::Client client(database);
  client.declare(tasks).value();  // a worker does this as well when it starts
  const auto job = client.enqueue(Greet{"Ada"}, {.key = "greet-ada"}).value();  // one key, one job

  equeue::Worker worker(database, tasks, {.queues = {"greetings"}, .until_drained = true});
  worker.run().value();

  std::puts(client.get(job.id).value().result.value().c_str());  // {"text": "Hello Ada"}
}
