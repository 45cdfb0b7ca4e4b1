// The shop's process: options in, a server until SIGTERM, an honest exit code out.
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <system_error>

#include "shop/options.h"
#include "shop/routes.h"
#include "shop/server.h"
#include "shop/trouble.h"

namespace {

std::string hostname() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

int serve(const shop::Options& options) {
    const auto trouble = options.allowTrouble ? std::make_shared<shop::Trouble>() : nullptr;
    shop::Server server({.port = options.port,
                         .workers = options.workers,
                         .grace = options.grace,
                         .trouble = trouble},
                        shop::routes(options, hostname(), trouble));
    std::cout << "shop " << options.version << " listens on port " << server.port() << std::endl;
    const std::size_t cutOff = server.run();
    if (cutOff > 0) {
        std::cout << "shop stopped: " << cutOff << " requests took longer than the grace of "
                  << options.grace.count() << " s" << std::endl;
        // Their worker threads may still compute: nothing to wait for.
        std::_Exit(1);
    }
    std::cout << "shop stopped" << std::endl;
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const shop::CommandLine line = shop::parse(argc, argv);
    if (line.exitCode) {
        return *line.exitCode;
    }
    try {
        return serve(line.options);
    } catch (const std::system_error& error) {
        std::cerr << "shop: cannot listen on port " << line.options.port << ": "
                  << error.code().message() << ": choose another with --port or PORT\n";
        return 1;
    }
}
