#include "plan/nginx_parts.h"

#include <algorithm>

namespace plan::nginx {

std::string number(int64_t value) {
    return std::to_string(value);
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

std::string upstream(const std::string& name, const std::string& servers) {
    return "    upstream " + name + " {\n" + servers + "    }\n";
}

std::string socketOf(const std::string& name) {
    return "unix:/tmp/" + name + ".sock";
}

std::string member(const std::string& name, const char* more) {
    return "        server " + socketOf(name) + " max_fails=0" + more + ";\n";
}

std::string inner(const std::string& name, const std::string& body) {
    return "    server {\n        listen " + socketOf(name) + ";\n        location / {\n" + body +
           "        }\n    }\n";
}

std::string tally(const char* name, const char* condition) {
    std::string out =
        std::string("            access_log /tmp/tally/") + name + " tally buffer=4k flush=1s";
    return out + (*condition == '\0' ? "" : std::string(" if=$") + condition) + ";\n";
}

std::string forwarded() {
    return "            proxy_set_header Host $http_host;\n"
           "            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
           "            proxy_set_header X-Forwarded-Host $http_host;\n"
           "            proxy_set_header X-Real-IP $remote_addr;\n";
}

}  // namespace plan::nginx
