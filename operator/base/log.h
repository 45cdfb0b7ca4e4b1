// Structured logs: one message that never varies plus fields that do. JSON lines in a cluster,
// coloured text on a terminal. Secrets are never logged.
//
//   base::startLogging({.format = base::LogFormat::Json, .level = base::LogLevel::Info});
//   base::logInfo("reconciled", {{"app", key}, {"writes", std::to_string(n)}});
//
// Thread safety: any function from any thread, after startLogging (before it, Info text to stderr).
// Blocking: writes to stderr.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace base {

// g++ 12 takes a scoped enumerator for one that hides base::Json.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
enum class LogFormat { Text, Json };
#pragma GCC diagnostic pop
enum class LogLevel { Debug, Info, Warning, Error };

struct LogOptions {
    LogFormat format = LogFormat::Json;
    LogLevel level = LogLevel::Info;
};

struct LogField {
    std::string_view name;
    std::string value;
};
using LogFields = std::initializer_list<LogField>;

void startLogging(const LogOptions& options);
bool logs(LogLevel level);
void logDebug(std::string_view message, LogFields fields = {});
void logInfo(std::string_view message, LogFields fields = {});
void logWarning(std::string_view message, LogFields fields = {});
void logError(std::string_view message, LogFields fields = {});

}  // namespace base
