#include "agent/scrape/certificate_source.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/digest.hpp"
#include "test/unit/support/test_certificates.hpp"

namespace klaw::scrape {
namespace {

using net::test::TestAuthority;

std::string endingIn(std::chrono::seconds validity) {
    return TestAuthority().issue({"shop", {"DNS:shop"}, -1h, validity}).certificatePem;
}

TimePoint now() {
    return SystemClock().now();
}

/// "kind namespace/name hours", rounded.
std::vector<std::string> described(const std::vector<rules::Sample>& samples) {
    std::vector<std::string> all;
    for (const auto& sample : samples) {
        auto ns = sample.labels.find("namespace");
        all.push_back(sample.labels.at("kind") + " " + (ns == sample.labels.end() ? "" : ns->second + "/") +
                      sample.labels.at("name") + " " + std::to_string(std::lround(sample.value / 3600)));
    }
    return all;
}

TEST(Certificates, OfWebhooksAreToldByTheFirstThatEnds) {
    auto bundle = base64Encode(endingIn(48h) + endingIn(24h));
    auto list = R"({"items":[{"metadata":{"name":"policy"},"webhooks":[{"clientConfig":{"caBundle":")" + bundle +
                R"("}},{"clientConfig":{"caBundle":")" + base64Encode(endingIn(72h)) + R"("}}]},
                {"metadata":{"name":"of a Service without bundle"},"webhooks":[{"clientConfig":{}}]},
                {"metadata":{"name":"broken"},"webhooks":[{"clientConfig":{"caBundle":"bm90IFBFTQ=="}}]}]})";
    auto samples = samplesOfWebhooks(list, "prod", "mutatingwebhookconfigurations.admissionregistration.k8s.io",
                                     "MutatingWebhookConfiguration", now());
    ASSERT_TRUE(samples);
    EXPECT_EQ(described(*samples), std::vector<std::string>{"MutatingWebhookConfiguration policy 24"});
}

TEST(Certificates, OfSecretsAreToldByTheServersOwn) {
    auto chain = base64Encode(endingIn(48h) + endingIn(24h));
    auto page = R"({"metadata":{"continue":"next"},"items":[
        {"metadata":{"namespace":"shop","name":"tls"},"data":{"tls.key":"c2VjcmV0","tls.crt":")" +
                chain + R"("}},
        {"metadata":{"namespace":"shop","name":"empty"},"data":{"tls.crt":""}}]})";
    std::vector<rules::Sample> samples;
    EXPECT_EQ(addSamplesOfSecrets(page, "prod", now(), samples).value(), "next");
    EXPECT_EQ(described(samples), std::vector<std::string>{"Secret shop/tls 48"});
}

TEST(Certificates, OfWhatIsNoListAreAnError) {
    std::vector<rules::Sample> samples;
    EXPECT_FALSE(addSamplesOfSecrets("<html>", "prod", now(), samples));
    EXPECT_FALSE(samplesOfWebhooks("{}", "prod", "r", "K", now()));
}

}  // namespace
}  // namespace klaw::scrape
