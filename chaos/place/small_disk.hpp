// A disk in memory that is full when told so.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

namespace equeue::chaos {

// A tmpfs, mounted from the constructor to the destructor, and seen by this program and its children only, so
// that nothing of it outlives them. Throws Exception, as all of this does.
class SmallDisk {
 public:
  // Why there can be none here: mounting is the right of root, and not of every root in a container. To be
  // called before this program has a second thread.
  [[nodiscard]] static std::optional<std::string> obstacle();

  // Mounts an empty one on that folder, which is then the user's.
  SmallDisk(std::filesystem::path folder, uid_t user, gid_t group);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  // It takes nothing more than what it holds.
  void fill();
  void free();

 private:
  [[nodiscard]] bool resize(std::uintmax_t bytes) const;
  std::filesystem::path folder_;
};

}  // namespace equeue::chaos
