#include "shop/options.h"

#include <CLI/CLI.hpp>
#include <iostream>

namespace shop {

CommandLine parse(int argc, const char* const* argv) {
    CommandLine line;
    line.options.version = SHOP_VERSION;
    auto grace = line.options.grace.count();
    CLI::App app(
        "A small web shop: the application that the examples scale.\n"
        "Answers GET / and /static/version (who answered), /healthz, and /burn?ms=N (uses N "
        "milliseconds of CPU).",
        "shop");
    app.set_version_flag("--version", std::string("shop ") + SHOP_VERSION);
    app.add_option("--port", line.options.port, "Port to listen on; 0 takes any free one")
        ->envname("PORT")
        ->check(CLI::Range(0, 65535))
        ->capture_default_str();
    app.add_option("--workers", line.options.workers, "Threads for slow requests, 1 to 64")
        ->envname("WORKERS")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    app.add_option("--grace-seconds", grace, "After SIGTERM, requests under way may take this long")
        ->envname("GRACE_SECONDS")
        ->check(CLI::Range(0, 3600))
        ->capture_default_str();
    app.add_option("--zone", line.options.zone, "Zone to name in answers")->envname("ZONE");
    app.add_option("--app-version", line.options.version, "Version to name in answers")
        ->envname("APP_VERSION")
        ->capture_default_str();
    app.add_flag(
           "--allow-trouble", line.options.allowTrouble,
           "Whoever reaches it may have it misbehave: POST /trouble?errors=60&delay=200 (of 100 "
           "requests 60 fail, each takes 200 ms longer; without both it ends). GET /counts says "
           "what it met")
        ->envname("ALLOW_TROUBLE");
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& asked) {
        line.exitCode = app.exit(asked);
    } catch (const CLI::ParseError& mistake) {
        std::cerr << "shop: " << mistake.what() << ": see shop --help\n";
        line.exitCode = 2;
    }
    line.options.grace = std::chrono::seconds(grace);
    return line;
}

}  // namespace shop
