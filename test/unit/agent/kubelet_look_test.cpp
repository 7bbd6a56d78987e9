// Kubelets as they are asked through an API server: the pages of a real one, served on loopback.
#include <gtest/gtest.h>

#include "agent/scrape/kubelet_source.hpp"
#include "base/async/loop_clock.hpp"
#include "base/async/task_group.hpp"
#include "base/net/http_server.hpp"

namespace klaw::scrape {
namespace {

using Page = KubeletSource::Page;

class TwoNodes final : public rules::ObjectSource {
public:
    void forEach(std::string_view, std::string_view resource,
                 const std::function<void(PackedView)>& visit) const override {
        if (resource == "pods") return visit(pod_.view());
        visit(good_.view());
        visit(gone_.view());
    }
    PackedView find(std::string_view, std::string_view, std::string_view) const override { return {}; }

private:
    PackedObject good_ = *packJson(R"({"metadata":{"name":"good","uid":"u1","annotations":
        {"metrics.k8s.io/resource-metrics-path":"/metrics/nodes/good/metrics/resource"}}})");
    PackedObject gone_ = *packJson(R"({"metadata":{"name":"gone","uid":"u2","annotations":
        {"metrics.k8s.io/resource-metrics-path":"/../../secrets"}}})");
    PackedObject pod_ = *packJson(R"({"metadata":{"name":"web","namespace":"shop","uid":"u3"}})");
};

/// "source: metric=value …" and "source lost: why", in order.
class Notes final : public MetricSink {
public:
    std::vector<std::string> lines;

private:
    void samples(std::string_view, std::string_view source, std::string_view,
                 const std::vector<rules::Sample>& samples) override {
        std::string line(source);
        for (const auto& sample : samples)
            line += " " + sample.metric + "=" + std::to_string(static_cast<int>(sample.value));
        lines.push_back(std::move(line));
    }
    void lost(std::string_view, std::string_view source, const Error& error) override {
        lines.push_back(std::string(source) + " lost: " + error.message);
    }
};

TEST(KubeletSource, AsksEachNodeForItsPagesAndTellsWhichIsLost) {
    Loop loop;
    SystemLoopClock clock(loop);
    std::vector<std::string> asked;
    auto handler = [&](net::ServerRequest request) -> Task<net::ServerResponse> {
        asked.push_back(request.target);
        if (request.target.find("/gone/") != std::string::npos)
            co_return net::ServerResponse::json(503, R"({"kind":"Status","message":"no kubelet"})");
        if (request.target.ends_with("/metrics/cadvisor"))
            co_return net::ServerResponse::text(200, "container_oom_events_total{namespace=\"shop\",pod=\"web\"} 2\n");
        co_return net::ServerResponse::text(200, "node_memory_working_set_bytes 77\nscrape_error 0\n");
    };
    net::HttpServer server(loop, net::HttpServerOptions(), handler);
    kube::ClusterAccess access;
    access.name = "c1";
    access.server = "http://127.0.0.1:" + std::to_string(server.listen().value());
    kube::ApiServer api(loop, clock, access);
    TwoNodes objects;
    Notes notes;
    auto wanted = [](std::string_view name) { return name != "scrape_error"; };
    KubeletSource source(api, objects, 30s, {Page::KubeletResource, Page::KubeletCadvisor}, wanted);
    TaskGroup tasks(loop, [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << what; });
    tasks.spawn("look", source.look(notes));
    EXPECT_TRUE(loop.runUntil([&] { return tasks.empty(); }));

    EXPECT_EQ(notes.lines, (std::vector<std::string>{"kubelet gone resource lost: 503 no kubelet",
                                                     "kubelet gone cadvisor lost: 503 no kubelet",
                                                     "kubelet good resource node_memory_working_set_bytes=77",
                                                     "kubelet good cadvisor container_oom_events_total=2"}));
    EXPECT_EQ(asked, (std::vector<std::string>{"/api/v1/nodes/gone/proxy/metrics/resource",
                                               "/api/v1/nodes/gone/proxy/metrics/cadvisor",
                                               "/api/v1/nodes/good/proxy/metrics/nodes/good/metrics/resource",
                                               "/api/v1/nodes/good/proxy/metrics/cadvisor"}))
        << "an annotation that leads elsewhere is not followed";
    tasks.spawn("end", server.stop(Duration::zero()));
    EXPECT_TRUE(loop.runUntil([&] { return tasks.empty(); }));
}

}  // namespace
}  // namespace klaw::scrape
