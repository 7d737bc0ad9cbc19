// TF_CPP_MIN_LOG_LEVEL, from the first moment on.
//
// TensorFlow 2.21 reads it into Abseil's logging while its library is initialised, but after another initialiser of the same
// library has already printed a start-up line in every process. The addon comes before the libraries when the loader looks
// a symbol up, so this definition of Abseil's level stands in for theirs. With another Abseil the names do not meet, and the
// line comes back; nothing else changes.
#include <cstdlib>

namespace absl {
inline namespace lts_20250814 {
enum class LogSeverityAtLeast : int;

__attribute__((visibility("default"))) LogSeverityAtLeast MinLogLevel() {
  static const char* const level = std::getenv("TF_CPP_MIN_LOG_LEVEL");
  static const int number = level ? std::atoi(level) : 0;
  return static_cast<LogSeverityAtLeast>(number);
}
}  // namespace lts_20250814
}  // namespace absl
