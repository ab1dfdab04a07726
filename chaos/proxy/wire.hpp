// The framing of PostgreSQL's protocol, version 3, as far as one must know it to see a transaction's end.
// Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace equeue::chaos {

// Cuts a stream into messages. The client's first one, which has no type, is given the type 0. After a
// message that claims a length that none can have there is nothing more to be seen.
class Framer {
 public:
  explicit Framer(bool begins_untyped) : is_untyped_(begins_untyped) {}
  using See = std::function<void(char type, std::string_view body)>;
  void feed(std::string_view bytes, const See& see);

 private:
  bool is_untyped_;
  bool is_broken_ = false;
  std::string pending_;
};

// Which text a client's messages run.
class Statements {
 public:
  // Of a Query or a Parse its own, of a Bind that of the statement which it names; nothing of other messages,
  // and where the name is unknown. Valid until the next call.
  [[nodiscard]] std::optional<std::string_view> text_of(char type, std::string_view body);

 private:
  std::map<std::string, std::string, std::less<>> texts_;  // by name, which may be empty
};

// One connection: says when the server has answered that a statement of interest is committed.
class CommitWatch {
 public:
  void from_client(std::string_view bytes);
  // True when these bytes hold the end of a transaction that changed jobs.
  [[nodiscard]] bool from_server(std::string_view bytes);

 private:
  Framer client_{true};
  Framer server_{false};
  Statements statements_;
  bool is_of_interest_ = false;
  bool is_complete_ = false;
};

}  // namespace equeue::chaos
