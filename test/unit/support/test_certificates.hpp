#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace klaw::net::test {

struct Credentials {
    std::string certificatePem;
    std::string keyPem;
};

struct CertificateRequest {
    std::string commonName = "test";
    std::vector<std::string> names;                           ///< "DNS:a.example" or "IP:127.0.0.1"
    std::chrono::seconds validFrom = std::chrono::hours(-1);  ///< from now
    std::chrono::seconds validUntil = std::chrono::hours(1);
};

/// A certificate authority made for one test.
class TestAuthority {
public:
    explicit TestAuthority(const std::string& name = "klaw test authority");
    ~TestAuthority();

    const std::string& certificatePem() const { return certificatePem_; }
    Credentials issue(const CertificateRequest& request) const;

private:
    struct Identity;
    std::unique_ptr<Identity> identity_;
    std::string certificatePem_;
};

}  // namespace klaw::net::test
