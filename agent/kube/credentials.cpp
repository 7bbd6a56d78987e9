#include "agent/kube/credentials.hpp"

#include <fstream>

#include "base/digest.hpp"

namespace klaw::kube {
namespace {

constexpr Duration pluginTimeout = 60s;
constexpr Duration rereadTokenAfter = 60s;  // bound tokens are rotated in place; client-go does the same
constexpr Duration earlyRefresh = 10s;

}  // namespace

Credentials::Credentials(Loop& loop, LoopClock& clock, ClusterAccess access)
    : loop_(loop), clock_(clock), access_(std::move(access)), runEnded_(loop) {}

Task<Result<std::string>> Credentials::authorization() {
    if (!access_.tokenFile.empty()) co_return tokenFromFile();
    if (!access_.token.empty()) co_return "Bearer " + access_.token;
    if (access_.exec) co_return co_await tokenFromPlugin();
    if (!access_.username.empty()) co_return "Basic " + base64Encode(access_.username + ":" + access_.password);
    co_return std::string();
}

Result<std::string> Credentials::tokenFromFile() {
    std::error_code failure;
    auto changedAt = std::filesystem::last_write_time(access_.tokenFile, failure);
    auto now = clock_.now();
    if (failure || fileToken_.empty() || changedAt != fileTime_ || now - fileReadAt_ >= rereadTokenAfter) {
        std::ifstream in(access_.tokenFile);
        std::string token;
        in >> token;
        if (!token.empty()) fileToken_ = std::move(token);  // while it is being replaced the last one goes on
        fileTime_ = changedAt;
        fileReadAt_ = now;
    }
    if (fileToken_.empty())
        return fail(ErrorCode::Unauthenticated, "there is no token in " + access_.tokenFile, access_.source,
                    "check the file and its permissions");
    return "Bearer " + fileToken_;
}

Task<Result<std::string>> Credentials::tokenFromPlugin() {
    auto fresh = [this] {
        return credential_ && (!credential_->expiresAt || *credential_->expiresAt > clock_.now() + earlyRefresh);
    };
    while (!fresh()) {
        if (running_) {
            co_await runEnded_.until([this] { return !running_; });
            if (failure_) co_return fail(*failure_);
            continue;
        }
        running_ = true;
        failure_.reset();
        struct Ended {
            Credentials& credentials;
            ~Ended() {
                credentials.running_ = false;
                credentials.runEnded_.notify();
            }
        } ended{*this};
        auto answer = co_await runExecPlugin(loop_, access_, pluginTimeout);
        if (!answer) {
            failure_ = answer.error();
            co_return fail(std::move(answer).error());
        }
        bool newCertificate = !credential_ || credential_->clientCertPem != answer->clientCertPem;
        if (newCertificate && !answer->clientCertPem.empty()) ++tlsVersion_;
        credential_ = std::move(*answer);
        break;
    }
    co_return credential_->token.empty() ? std::string() : "Bearer " + credential_->token;
}

bool Credentials::rejected() {
    bool mayHelp = access_.exec.has_value() || !access_.tokenFile.empty();
    credential_.reset();
    fileToken_.clear();
    return mayHelp;
}

net::TlsOptions Credentials::tls() const {
    net::TlsOptions tls;
    tls.caPem = access_.caPem;
    tls.clientCertPem =
        credential_ && !credential_->clientCertPem.empty() ? credential_->clientCertPem : access_.clientCertPem;
    tls.clientKeyPem =
        credential_ && !credential_->clientKeyPem.empty() ? credential_->clientKeyPem : access_.clientKeyPem;
    tls.serverName = access_.tlsServerName;
    tls.insecureSkipVerify = access_.insecureSkipVerify;
    return tls;
}

}  // namespace klaw::kube
