#pragma once

#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/net/http_server.hpp"

namespace klaw::deliver {

/// The silences of an Alertmanager as its API keeps them: an id that is known is changed in place when the start is the
/// same, and replaced otherwise; what is over cannot be expired again.
class FakeAlertmanager {
public:
    explicit FakeAlertmanager(Loop& loop)
        : server_(loop, net::HttpServerOptions(),
                  [this](net::ServerRequest request) { return serve(std::move(request)); }) {
        port_ = server_.listen().value();
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/am/"; }
    Task<void> stop() { return server_.stop(0s); }
    /// "active alertname=A until 2026-…: comment", in order of making.
    std::vector<std::string> silences() const {
        std::vector<std::string> lines;
        for (const auto& each : silences_) {
            auto line = each["status"]["state"].get<std::string>();
            for (const auto& matcher : each["matchers"])
                line += " " + matcher["name"].get<std::string>() + (matcher["isEqual"] == true ? "=" : "!=") +
                        (matcher["isRegex"] == true ? "~" : "") + matcher["value"].get<std::string>();
            lines.push_back(line + " until " + each["endsAt"].get<std::string>().substr(11, 8) + ": " +
                            each["comment"].get<std::string>());
        }
        return lines;
    }
    void expire(std::size_t position) { silences_.at(position)["status"]["state"] = "expired"; }

    std::vector<std::string> calls;  ///< "POST /silences", in order
    std::string authorization;       ///< of the last call
    /// Statuses that the next calls are answered with; 0 closes the connection, after the call has taken effect.
    std::deque<int> answers;
    /// Texts in the body of a POST that are answered with these statuses.
    std::vector<std::pair<std::string, int>> refusals;

private:
    Task<net::ServerResponse> serve(net::ServerRequest request) {
        auto path = request.target.substr(std::string("/am/api/v2").size());
        calls.push_back(request.method + " " + path);
        authorization = request.headers.get("Authorization").value_or("");
        int status = answers.empty() ? 200 : answers.front();
        if (!answers.empty()) answers.pop_front();
        for (const auto& [text, refusal] : refusals)
            if (request.method == "POST" && request.body.find(text) != std::string::npos) status = refusal;
        if (status != 200 && status != 0) co_return net::ServerResponse::json(status, "\"no reason\"");
        auto response = answer(request.method, path, request.body);
        if (status == 0) response.status = 0;
        co_return response;
    }

    net::ServerResponse answer(const std::string& method, const std::string& path, const std::string& body) {
        if (method == "GET" && path == "/silences") return net::ServerResponse::json(200, silences_.dump());
        if (method == "POST") return post(nlohmann::json::parse(body));
        for (auto& each : silences_) {
            if (path != "/silence/" + each["id"].get<std::string>()) continue;
            if (method == "GET") return net::ServerResponse::json(200, each.dump());
            if (each["status"]["state"] == "expired") return net::ServerResponse::json(500, "\"already expired\"");
            each["status"]["state"] = "expired";
            return net::ServerResponse::text(200, "");
        }
        return net::ServerResponse::text(404, "");
    }

    net::ServerResponse post(nlohmann::json silence) {
        for (auto& each : silences_) {
            if (!silence.contains("id") || each["id"] != silence["id"]) continue;
            silence["status"] = each["status"];
            if (each["startsAt"] == silence["startsAt"] && each["matchers"] == silence["matchers"]) {
                each = silence;
                return net::ServerResponse::json(200, R"({"silenceID":)" + silence["id"].dump() + "}");
            }
            each["status"]["state"] = "expired";
        }
        silence["id"] = "r" + std::to_string(silences_.size() + 1);
        silence["startsAt"] = "2026-11-23T10:00:01.234Z";  // its own clock
        silence["status"] = {{"state", "active"}};
        silences_.push_back(silence);
        return net::ServerResponse::json(200, R"({"silenceID":)" + silence["id"].dump() + "}");
    }

    nlohmann::json silences_ = nlohmann::json::array();
    net::HttpServer server_;
    std::uint16_t port_ = 0;
};

}  // namespace klaw::deliver
