#include <algorithm>

#include "cli/export.h"

namespace cli {
namespace {

std::string seconds(int64_t value) {
    return std::to_string(value) + "s";
}

std::string backendOf(const api::CdnOrigin& origin, const ExportNames& names) {
    std::string name = origin.name;
    std::replace(name.begin(), name.end(), '-', '_');
    std::string host = origin.isWeb() ? names.origin : origin.host;
    bool tls = origin.isWeb() || origin.usesTls();
    // Without the first two no backend of a custom VCL is taken; the key is not ours to know.
    std::string out = "backend F_" + name +
                      " {\n  .dynamic = true;\n  .share_key = \"SERVICE_ID\";\n  .host = \"" +
                      host + "\";\n  .port = \"" +
                      std::to_string(origin.isWeb() ? 443 : origin.port) + "\";\n";
    if (tls) {
        out += "  .ssl = true;\n  .ssl_sni_hostname = \"" + host +
               "\";\n  .ssl_cert_hostname = \"" + host + "\";\n";
    }
    return out + "  .connect_timeout = 2s;\n}\n";
}

std::string nameOf(const api::CdnOrigin& origin) {
    std::string name = "F_" + origin.name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

// The next one for a restart: each restart is a step down the list.
std::string originChoice(const std::vector<api::CdnOrigin>& origins) {
    std::string out = "  set req.backend = " + nameOf(origins.front()) + ";\n";
    for (size_t i = 1; i < origins.size(); ++i) {
        out += "  if (req.restarts == " + std::to_string(i) +
               ") {\n    set req.backend = " + nameOf(origins[i]) + ";\n  }\n";
    }
    return out;
}

std::string recvOf(const api::Cdn& cdn) {
    std::string out = "sub vcl_recv {\n#FASTLY recv\n" + originChoice(cdn.origins) +
                      "  if (req.method != \"GET\" && req.method != \"HEAD\") {\n"
                      "    return(pass);\n  }\n"
                      "  if (req.http.Authorization) {\n    return(pass);\n  }\n";
    for (const auto& path : cdn.paths) {
        out += "  if (req.url.path ~ \"" + path.pattern() + "\") {\n";
        if (path.cacheKey.query && path.cacheKey.query->empty()) {
            out += "    set req.url = req.url.path;\n";
        } else if (path.cacheKey.query) {
            out += "    set req.url = querystring.filter_except(req.url, ";
            for (size_t i = 0; i < path.cacheKey.query->size(); ++i) {
                out += (i == 0 ? "" : " + querystring.filtersep() + ") +
                       ("\"" + (*path.cacheKey.query)[i] + "\"");
            }
            out += ");\n";
        }
        if (!path.cacheKey.hasHeader("Cookie")) {
            out += "    unset req.http.Cookie;\n";
        }
        out += "    return(lookup);\n  }\n";
    }
    return out + "  return(pass);\n}\n";
}

std::string hashOf(const api::Cdn& cdn) {
    std::string out =
        "sub vcl_hash {\n#FASTLY hash\n  set req.hash += req.url;\n"
        "  set req.hash += req.http.host;\n";
    for (const auto& path : cdn.paths) {
        if (!path.cacheKey.headers.empty()) {
            out += "  if (req.url.path ~ \"" + path.pattern() + "\") {\n";
            for (const auto& header : path.cacheKey.headers) {
                out += "    set req.hash += req.http." + header + ";\n";
            }
            out += "  }\n";
        }
    }
    return out + "  return(hash);\n}\n";
}

// What there is instead of an answer: an old one, or the next origin's.
std::string insteadOf(const api::Cdn& cdn) {
    std::string out = "    if (stale.exists) {\n      return(deliver_stale);\n    }\n";
    if (cdn.origins.size() > 1) {
        out += "    if (req.restarts < " + std::to_string(cdn.origins.size() - 1) +
               " && (req.method == \"GET\" || req.method == \"HEAD\")) {\n      restart;\n    }\n";
    }
    return out;
}

// An origin that cannot be reached: it gave no answer that vcl_fetch could judge.
std::string errorOf(const api::Cdn& cdn) {
    return "sub vcl_error {\n#FASTLY error\n"
           "  if (obj.status >= 502 && obj.status <= 504) {\n" +
           insteadOf(cdn) + "  }\n  return(deliver);\n}\n";
}

std::string fetchOf(const api::Cdn& cdn) {
    std::string out =
        "sub vcl_fetch {\n#FASTLY fetch\n"
        "  if (beresp.status >= 502 && beresp.status <= 504) {\n" +
        insteadOf(cdn) +
        "    return(pass);\n  }\n"
        "  if (beresp.http.Set-Cookie || beresp.http.Cache-Control ~ "
        "\"(private|no-store|no-cache)\") {\n    return(pass);\n  }\n"
        "  set beresp.stale_if_error = " +
        seconds(cdn.staleIfErrorSeconds) +
        ";\n  set beresp.stale_while_revalidate = " + seconds(cdn.staleWhileRevalidateSeconds) +
        ";\n";
    for (const auto& path : cdn.paths) {
        std::string client = path.clientTTLSeconds == 0
                                 ? "no-cache"
                                 : "public, max-age=" + std::to_string(path.clientTTLSeconds);
        out += "  if (req.url.path ~ \"" + path.pattern() +
               "\") {\n    if (beresp.status == 404 || beresp.status == 410) {\n"
               "      set beresp.ttl = " +
               seconds(path.negativeTTLSeconds) +
               ";\n    } else if (beresp.status >= 400) {\n      return(pass);\n"
               "    } else {\n      set beresp.ttl = " +
               seconds(path.ttlSeconds) + ";\n    }\n    set beresp.http.Cache-Control = \"" +
               client + "\";\n    return(deliver);\n  }\n";
    }
    return out + "  return(pass);\n}\n";
}

}  // namespace

std::string fastlyVcl(const api::ScalableApp& app, const ExportNames& names) {
    std::string out = "# ScalableApp " + app.namespace_ + "/" + app.name + "\n";
    for (const auto& origin : app.cdn->origins) {
        out += backendOf(origin, names);
    }
    return out + recvOf(*app.cdn) + hashOf(*app.cdn) + fetchOf(*app.cdn) + errorOf(*app.cdn);
}

}  // namespace cli
