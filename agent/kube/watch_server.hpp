#pragma once

#include <memory>
#include <string>

#include "agent/kube/api_server.hpp"
#include "base/async/task.hpp"
#include "base/net/http_client.hpp"

namespace klaw::kube {

/// Whom a stream asks for its lists and watches; errors are those of ApiServer.
class WatchServer {
public:
    virtual ~WatchServer() = default;
    virtual Task<Result<std::string>> pathOf(std::string resource) = 0;
    virtual Task<Result<net::HttpResponse>> get(std::string path, Duration timeout) = 0;
    virtual Task<Result<std::unique_ptr<net::HttpBodyStream>>> open(std::string path, Duration timeout) = 0;
};

/// The API server itself.
class DirectServer final : public WatchServer {
public:
    explicit DirectServer(ApiServer& server) : server_(server) {}
    Task<Result<std::string>> pathOf(std::string resource) override { return server_.pathOf(std::move(resource)); }
    Task<Result<net::HttpResponse>> get(std::string path, Duration timeout) override {
        return server_.get(std::move(path), timeout);
    }
    Task<Result<std::unique_ptr<net::HttpBodyStream>>> open(std::string path, Duration timeout) override {
        return server_.open(std::move(path), timeout);
    }

private:
    ApiServer& server_;
};

}  // namespace klaw::kube
