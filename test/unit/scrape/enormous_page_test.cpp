#include <gtest/gtest.h>

#include "agent/scrape/http_source.hpp"
#include "agent/scrape/kubelet_source.hpp"
#include "agent/scrape/pod_source.hpp"
#include "base/async/task_group.hpp"
#include "base/net/http_server.hpp"

namespace klaw::scrape {
namespace {

std::string seriesPage(std::size_t count) {
    std::string page;
    for (std::size_t i = 0; i < count; ++i) page += "queue_length{queue=\"" + std::to_string(i) + "\"} 1\n";
    return page;
}

class NoObjects : public rules::ObjectSource {
public:
    void forEach(std::string_view, std::string_view, const std::function<void(PackedView)>&) const override {}
    PackedView find(std::string_view, std::string_view, std::string_view) const override { return {}; }
};

class OnePod final : public NoObjects {
public:
    explicit OnePod(unsigned port)
        : pod_(*packJson(R"({"metadata":{"name":"web","namespace":"shop","uid":"u1","annotations":
              {"prometheus.io/scrape":"true","prometheus.io/port":")" +
                         std::to_string(port) + R"("}},"status":{"phase":"Running","podIP":"127.0.0.1"}})")) {}
    void forEach(std::string_view, std::string_view, const std::function<void(PackedView)>& visit) const override {
        visit(pod_.view());
    }

private:
    PackedObject pod_;
};

/// A target that serves `page`, and what is told of it: "3 series", or the error.
class EnormousPage : public testing::Test, public MetricSink {
protected:
    void SetUp() override {
        auto listening = server.listen();
        ASSERT_TRUE(listening);
        port = *listening;
        target.name = "queues";
        target.cluster = "c1";
        target.url = "http://127.0.0.1:" + std::to_string(port) + "/metrics";
    }
    void TearDown() override {
        tasks.spawn("stop", server.stop(Duration::zero()));
        EXPECT_TRUE(loop.runUntil([&] { return tasks.empty(); }));
    }
    void samples(std::string_view, std::string_view source, std::string_view,
                 const std::vector<rules::Sample>& found) override {
        told.push_back(std::string(source) + ": " + std::to_string(found.size()) + " series");
    }
    void lost(std::string_view, std::string_view source, const Error& error) override {
        EXPECT_EQ(error.code, ErrorCode::ResourceExhausted);
        told.push_back(std::string(source) + ": " + error.describe());
    }
    Task<net::ServerResponse> answer() { co_return net::ServerResponse::text(200, page); }
    void look(MetricSource& source) {
        tasks.spawn("look", source.look(*this));
        EXPECT_TRUE(loop.runUntil([&] { return tasks.empty(); }, 60s));
    }

    Loop loop;
    TaskGroup tasks{loop,
                    [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << ": " << what; }};
    net::HttpServer server{loop, net::HttpServerOptions(), [this](net::ServerRequest) { return answer(); }};
    unsigned port = 0;
    HttpTarget target;
    std::string page;
    std::vector<std::string> told;
};

using Told = std::vector<std::string>;

bool isQueueLength(std::string_view name) {
    return name == "queue_length";
}

TEST_F(EnormousPage, OfTooManyBytesIsRefusedAndTheNextIsTaken) {
    net::HttpClientOptions options;
    options.maxBodyBytes = 1'000'000;
    net::HttpClient client(loop, options);
    TextSource source(client, target, isQueueLength);
    page = seriesPage(2) + std::string(1'000'000, '#');
    look(source);
    page = seriesPage(3);
    look(source);
    EXPECT_EQ(told, (Told{"queues: " + target.url +
                              ": the body is larger than 1000000 bytes (let it give less, or ask a Prometheus with a "
                              "narrower `promql`)",
                          "queues: 3 series"}));
}

TEST_F(EnormousPage, OfTooManySeriesIsRefusedAndTheNextIsTaken) {
    net::HttpClient client(loop, {});
    TextSource source(client, target, isQueueLength);
    for (auto count : {maxSeries, maxSeries + 1, std::size_t(3)}) {
        page = seriesPage(count);
        look(source);
    }
    EXPECT_EQ(told, (Told{"queues: 200000 series",
                          "queues: " + target.url +
                              ": the target gives more than 200000 series that rules read (let rules read narrower "
                              "metrics, or ask a Prometheus with `promql`)",
                          "queues: 3 series"}));
}

TEST_F(EnormousPage, MayHaveAnyNumberOfSeriesThatNoRuleReads) {
    net::HttpClient client(loop, {});
    TextSource source(client, target, [](std::string_view name) { return name == "other"; });
    page = seriesPage(maxSeries + 1) + "other 1\n";
    look(source);
    EXPECT_EQ(told, (Told{"queues: 1 series"}));
}

TEST_F(EnormousPage, OfAPodIsRefusedEarlierSinceAnyoneMayWriteOne) {
    OnePod pod(port);
    PodSource source(loop, pod, "c1", 30s, isQueueLength);
    page = seriesPage(2) + std::string(PodSource::maxPageBytes, '#');
    look(source);
    page = seriesPage(3);
    look(source);
    EXPECT_EQ(told, (Told{"pod shop/web: " + target.url +
                              ": the body is larger than 33554432 bytes (let it give less, or ask a Prometheus with a "
                              "narrower `promql`)",
                          "pod shop/web: 3 series"}));
}

TEST(EnormousAnswer, OfAKubeletIsRefused) {
    NoObjects objects;
    auto look = [&](std::size_t count) {
        return samplesOfKubeletPage(seriesPage(count), MeasuredObjects(objects, "c1"), "n1", isQueueLength);
    };
    auto refused = look(maxSeries + 1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().describe(),
              "n1: the kubelet gives more than 200000 series that rules read (let rules read narrower metrics)");
    EXPECT_EQ(look(maxSeries)->size(), maxSeries);
}

TEST(EnormousAnswer, OfPrometheusIsRefused) {
    auto answer = [](std::size_t count) {
        std::string items;
        for (std::size_t i = 0; i < count; ++i)
            items += (i == 0 ? "" : ",") + std::string(R"({"metric":{},"value":[1,"1"]})");
        return samplesOfQuery(R"({"status":"success","data":{"resultType":"vector","result":[)" + items + "]}}", "c1");
    };
    auto refused = answer(maxSeries + 1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::ResourceExhausted);
    EXPECT_EQ(refused.error().describe(),
              "the expression gives more than 200000 series (aggregate in the expression, with `sum by` or `topk`)");
    EXPECT_EQ(answer(maxSeries)->size(), maxSeries);
}

}  // namespace
}  // namespace klaw::scrape
