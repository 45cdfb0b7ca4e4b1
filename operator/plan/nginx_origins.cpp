#include "plan/nginx_parts.h"

namespace plan::nginx {

// The origins from this one on: each step asks its own and then the next step.
std::string stepOf(const std::vector<api::CdnOrigin>& origins, size_t index) {
    std::string name = number(static_cast<int64_t>(index));
    std::string next = "origins-" + number(static_cast<int64_t>(index) + 1);
    std::string out = upstream("origins-" + name,
                               member("origin-" + origins[index].name) +
                                   (index + 1 < origins.size() ? member(next, " backup") : ""));
    if (index > 0) {
        out += inner("origins-" + name,
                     "            proxy_buffering off;\n"
                     "            proxy_request_buffering off;\n"
                     "            proxy_pass http://origins-" +
                         name + ";\n");
    }
    return out;
}

std::string originServer(const NginxModel& model, const api::CdnOrigin& origin) {
    std::string host = origin.isWeb() ? model.webHost : origin.host;
    std::string port = number(origin.isWeb() ? 80 : origin.port);
    bool tls = !origin.isWeb() && origin.usesTls();
    // By a variable: looked up when it is asked, so that a name that is unknown hurts nobody else.
    std::string out = "            set $edge_origin " + host + ";\n" +
                      "            proxy_buffering off;\n"
                      "            proxy_request_buffering off;\n";
    if (!origin.isWeb()) {
        out += "            proxy_set_header Host " + host +
               (tls || port == "80" ? "" : ":" + port) +
               ";\n"
               "            proxy_set_header Upgrade $http_upgrade;\n"
               "            proxy_set_header Connection $edge_connection;\n";
    }
    if (tls) {
        out += "            proxy_ssl_server_name on;\n            proxy_ssl_name " + host +
               ";\n"
               "            proxy_ssl_verify on;\n"
               "            proxy_ssl_verify_depth 4;\n"
               "            proxy_ssl_trusted_certificate /tmp/ca.crt;\n";
    }
    out += std::string("            proxy_pass ") + (tls ? "https" : "http") +
           "://$edge_origin:" + port + ";\n";
    return inner("origin-" + origin.name, out);
}

}  // namespace plan::nginx
