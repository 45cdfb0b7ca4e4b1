#include "plan/edge.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "base/json.h"

namespace plan_test {
namespace {

namespace fs = std::filesystem;

std::string makeFolder() {
    char name[] = "/tmp/edge-XXXXXX";
    return mkdtemp(name);
}

// What the container does before its nginx.
void start(const std::string& folder) {
    std::string script = plan::nginxStart();
    script = std::regex_replace(script, std::regex("/tmp/"), folder + "/");
    script = std::regex_replace(script, std::regex("while sleep(.|\n)*"), "");
    auto done = e2e::run({"/bin/sh", "-c", script});
    EXPECT_TRUE(done.ok()) << done.err;
}

// A certificate bundle for configurations with TLS: any certificate does, nobody is asked.
void writeConfig(const std::string& folder, const plan::NginxModel& model, int port, int adminPort,
                 int webPort, EdgeProcess::Connections connections) {
    std::string config = plan::nginxConfig(model);
    auto put = [&](const std::string& pattern, const std::string& text) {
        config = std::regex_replace(config, std::regex(pattern), text);
    };
    put("/tmp/", folder + "/");
    put(plan::kEdgeEpochFolder, folder + "/epoch");
    put(plan::kEdgeCacheFolder, folder + "/cache");
    put("listen 8080", "listen 127.0.0.1:" + std::to_string(port));
    put("listen 8405", "listen 127.0.0.1:" + std::to_string(adminPort));
    put("edge_origin:80;", "edge_origin:" + std::to_string(webPort) + ";");
    put("worker_rlimit_nofile [0-9]+;\n", "");
    if (connections == EdgeProcess::Connections::Few) {
        put("worker_connections [0-9]+;", "worker_connections 400;");
    }
    std::ofstream(folder + "/nginx.conf") << config;
    start(folder);
    for (const auto& [asked, given] : {std::pair{8080, port}, std::pair{8405, adminPort}}) {
        std::string file = folder + "/ipv6-" + std::to_string(asked) + ".conf";
        std::ostringstream text;
        text << std::ifstream(file).rdbuf();
        std::string pattern = "\\[::\\]:" + std::to_string(asked);
        std::ofstream(file) << std::regex_replace(text.str(), std::regex(pattern),
                                                  "[::1]:" + std::to_string(given));
    }
    std::ofstream(folder + "/resolver.conf") << "resolver 127.0.0.1:1; resolver_timeout 1s;\n";
}

std::vector<std::string> command(const std::string& folder) {
    return {nginxBinary(), "-e", "stderr", "-c", folder + "/nginx.conf", "-g", "daemon off;"};
}

}  // namespace

std::string nginxBinary() {
    for (const char* path : {"/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"}) {
        if (access(path, X_OK) == 0) {
            return path;
        }
    }
    return "";
}

std::string nginxRefuses(const plan::NginxModel& model) {
    std::string folder = makeFolder();
    writeConfig(folder, model, freePort(), freePort(), freePort(), EdgeProcess::Connections::Few);
    auto words = command(folder);
    words.emplace_back("-t");
    auto result = e2e::run(words);
    fs::remove_all(folder);
    bool warns = result.err.find("[warn]") != std::string::npos;
    return result.ok() && !warns ? "" : result.err;
}

EdgeProcess::EdgeProcess(const plan::NginxModel& model, int webPort, Connections connections)
    : folder_(makeFolder()) {
    writeConfig(folder_, model, port_, adminPort_, webPort, connections);
    epoch("one");
    // Its workers are others than who starts it here; in a pod all are one.
    fs::permissions(folder_, fs::perms::all);
    fs::permissions(folder_ + "/unkept", fs::perms::all);
    process_ = std::make_unique<e2e::Background>(command(folder_), folder_ + "/log");
    EXPECT_TRUE(soon([&] { return admin("/healthz").status == 200; })) << "nginx did not start";
}

EdgeProcess::~EdgeProcess() {
    process_.reset();
    fs::remove_all(folder_);
}

Answer EdgeProcess::get(const std::string& path, const std::string& headers,
                        const std::string& method) const {
    return ask(port(), {.method = method, .path = path, .headers = headers});
}

Answer EdgeProcess::admin(const std::string& path) const {
    return ask(int{adminPort_}, {.path = path});
}

void EdgeProcess::epoch(const std::string& value) {
    std::string name = ".." + std::to_string(++epochs_);
    fs::create_directories(folder_ + "/epoch/" + name);
    std::ofstream(folder_ + "/epoch/" + name + "/epoch") << value;
    fs::create_symlink(name, folder_ + "/epoch/..new");
    fs::rename(folder_ + "/epoch/..new", folder_ + "/epoch/..data");
    if (epochs_ == 1) {
        fs::create_symlink("..data/epoch", folder_ + "/epoch/epoch");
    }
}

void EdgeProcess::leave() const {
    std::ofstream(folder_ + "/leaving") << "";
}

std::string EdgeProcess::log() const {
    std::ostringstream out;
    out << std::ifstream(folder_ + "/log").rdbuf();
    return out.str();
}

double EdgeProcess::mostMiB() const {
    std::string master;
    std::ifstream(folder_ + "/nginx.pid") >> master;
    std::ifstream workers("/proc/" + master + "/task/" + master + "/children");
    double kilobytes = 0;
    for (std::string worker; workers >> worker;) {
        std::ifstream status("/proc/" + worker + "/status");
        for (std::string line; std::getline(status, line);) {
            // The cache's index is shared, and small.
            kilobytes += line.rfind("VmHWM:", 0) == 0 ? std::strtod(line.c_str() + 6, nullptr) : 0;
        }
    }
    return kilobytes / 1024;
}

int64_t EdgeProcess::tally(const std::string& name) const {
    auto listing = admin("/tally/").body;
    auto begin = listing.find('[');
    auto end = listing.rfind(']');
    auto files = base::parseJson(listing.substr(begin, end + 1 - begin));
    for (const auto& file : *files) {
        if (file.value("name", "") == name) {
            return file.value("size", int64_t{0});
        }
    }
    return -1;
}

}  // namespace plan_test
