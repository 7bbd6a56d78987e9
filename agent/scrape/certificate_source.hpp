#pragma once

#include <string>
#include <vector>

#include "agent/kube/api_server.hpp"
#include "agent/scrape/metric_source.hpp"
#include "base/clock.hpp"

namespace klaw::scrape {

/// When certificates end: that of the API server by our own TLS session, those by which it trusts webhooks, and where
/// asked for those in Secrets of type kubernetes.io/tls, of which nothing but `tls.crt` is looked at. Sources
/// "certificates …".
class CertificateSource final : public MetricSource {
public:
    /// References outlive it.
    CertificateSource(kube::ApiServer& server, const Clock& clock, bool secrets)
        : server_(server), clock_(clock), secrets_(secrets) {}
    std::string name() const override { return "certificates of " + server_.access().name; }
    Duration every() const override { return 5min; }
    Task<void> look(MetricSink& sink) override;

private:
    Task<void> lookAtServer(MetricSink& sink);
    Task<void> lookAtWebhooks(std::string resource, std::string kind, MetricSink& sink);
    Task<void> lookAtSecrets(MetricSink& sink);
    void tell(std::string source, const Result<std::vector<rules::Sample>>& samples, MetricSink& sink);

    kube::ApiServer& server_;
    const Clock& clock_;
    bool secrets_;
};

/// certificate_remaining_seconds of what has the certificate.
rules::Sample certificateSample(TimePoint end, TimePoint now, rules::ObjectRef object);
/// Of a ValidatingWebhookConfigurationList or MutatingWebhookConfigurationList: the first certificate to end of each.
/// Bundles that cannot be read are passed over: API servers take them as well.
Result<std::vector<rules::Sample>> samplesOfWebhooks(const std::string& body, std::string_view cluster,
                                                     std::string_view resource, std::string_view kind, TimePoint now);
/// Of a page of a SecretList; adds to `into`. The token of the next page, empty after the last.
Result<std::string> addSamplesOfSecrets(const std::string& body, std::string_view cluster, TimePoint now,
                                        std::vector<rules::Sample>& into);

}  // namespace klaw::scrape
