#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "base/json.h"

namespace base {
namespace {

LogFormat g_format = LogFormat::Text;

std::shared_ptr<spdlog::logger>& logger() {
    static auto instance = [] {
        auto made = std::make_shared<spdlog::logger>(
            "", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
        made->set_pattern("%H:%M:%S.%e %^%-5l%$ %v");
        made->flush_on(spdlog::level::debug);
        return made;
    }();
    return instance;
}

spdlog::level::level_enum toSpdlog(LogLevel level) {
    switch (level) {
        case LogLevel::Debug:
            return spdlog::level::debug;
        case LogLevel::Info:
            return spdlog::level::info;
        case LogLevel::Warning:
            return spdlog::level::warn;
        case LogLevel::Error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

std::string render(std::string_view message, LogFields fields) {
    if (g_format == LogFormat::Json) {
        // The pattern puts time and level before this and the closing brace after it.
        std::string out = "\"message\":" + dumpJson(Json(message));
        for (const auto& field : fields) {
            out += "," + dumpJson(Json(field.name)) + ":" + dumpJson(Json(field.value));
        }
        return out;
    }
    std::string out(message);
    for (const auto& field : fields) {
        out += "  ";
        out += field.name;
        out += "=" + field.value;
    }
    return out;
}

void write(LogLevel level, std::string_view message, LogFields fields) {
    if (logs(level)) {
        logger()->log(toSpdlog(level), spdlog::string_view_t(render(message, fields)));
    }
}

}  // namespace

void startLogging(const LogOptions& options) {
    g_format = options.format;
    logger()->set_level(toSpdlog(options.level));
    if (options.format == LogFormat::Json) {
        logger()->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                              spdlog::pattern_time_type::utc);
    }
}

bool logs(LogLevel level) {
    return logger()->should_log(toSpdlog(level));
}

void logDebug(std::string_view message, LogFields fields) {
    write(LogLevel::Debug, message, fields);
}
void logInfo(std::string_view message, LogFields fields) {
    write(LogLevel::Info, message, fields);
}
void logWarning(std::string_view message, LogFields fields) {
    write(LogLevel::Warning, message, fields);
}
void logError(std::string_view message, LogFields fields) {
    write(LogLevel::Error, message, fields);
}

}  // namespace base
