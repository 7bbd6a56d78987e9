#include "agent/share/shared_source.hpp"

#include <gmock/gmock.h>

#include "agent/kube/watch_stream.hpp"
#include "agent/share/share_server.hpp"
#include "base/async/task_group.hpp"
#include "test/unit/share/played_cluster.hpp"

namespace klaw::share {
namespace {

using test::PlayedCluster;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

void addFailure(const std::string& name, const std::string& what) {
    ADD_FAILURE() << name << ": " << what;
}

kube::ClusterAccess accessTo(const std::string& server) {
    kube::ClusterAccess access;
    access.name = "main";
    access.server = server;
    return access;
}

observe::ObserverOptions observing() {
    observe::ObserverOptions options;
    options.cluster = "main";
    options.resource = "pods";
    options.fields.add("status.phase");
    return options;
}

kube::WatchOptions watching() {
    kube::WatchOptions options;
    options.resource = "pods";
    options.backoff = {1ms, 5ms, 60s};
    return options;
}

/// A replica that watches the cluster and lets others read.
class ServingReplica {
public:
    ServingReplica(Loop& loop, LoopClock& clock, Random& random, const std::string& cluster)
        : api(loop, clock, accessTo(cluster)),
          observer(observing(), [this](const rules::Change& change) { served->changed(change); }),
          served(std::make_shared<ServedResource>(loop, observer, "digest",
                                                  [this] { return stream.status().lastError.empty(); })),
          stream(api, clock, random, *served, watching(), [this] { served->noteState(); }),
          tasks(loop, addFailure),
          shares(clock, "secret",
                 [this](const std::string&, const std::string&) { return watches ? served : nullptr; }),
          server(loop, net::HttpServerOptions(), [this](net::ServerRequest request) { return answer(request); }) {
        address = "http://127.0.0.1:" + std::to_string(server.listen().value());
        tasks.spawn("watch", stream.run());
    }
    Task<void> stop() {
        co_await tasks.stop();
        served->close();
        co_await server.stop(Duration::zero());
    }
    Holder holder(const std::string& name) const { return {name, address}; }

    kube::ApiServer api;
    observe::ResourceObserver observer;
    std::shared_ptr<ServedResource> served;
    kube::WatchStream stream;
    TaskGroup tasks;
    ShareServer shares;
    net::HttpServer server;
    std::string address;
    bool watches = true;
    std::vector<std::string> targets;

private:
    Task<net::ServerResponse> answer(net::ServerRequest request) {
        targets.push_back(request.target);
        co_return shares.answer(request);
    }
};

class SharedSourceTest : public testing::Test {
protected:
    SharedSourceTest() : address(cluster.listen()), api(loop, clock, accessTo(address)) {
        cluster.put("a", "Running");
        makeReader("secret");
    }
    ~SharedSourceTest() override {
        run(reader.stop());
        for (auto& replica : replicas) run(replica->stop());
        run(cluster.stop());
    }
    void makeReader(const std::string& token) {
        peers.emplace(Peers{client, token});
        SharedSource::Options options;
        options.cluster = "main";
        options.fields = "digest";
        options.patience = 100ms;
        options.askAgainEvery = options.askRefusingEvery = 50ms;
        source = std::make_unique<SharedSource>(
            api, *peers, clock, options, [this] { return stream->version(); }, [this] { moves.push_back(place()); });
        observer = std::make_unique<observe::ResourceObserver>(observing(),
                                                               [this](const rules::Change& change) { note(change); });
        stream = std::make_unique<kube::WatchStream>(*source, clock, random, *observer, watching());
    }
    ServingReplica& replica() {
        replicas.push_back(std::make_unique<ServingReplica>(loop, clock, random, address));
        auto& made = *replicas.back();
        until([&] { return made.stream.status().listed; });
        return made;
    }
    void start() {
        reader.spawn("watch", stream->run());
        reader.spawn("ask", source->run());
        until([&] { return stream->status().listed; });
    }
    void until(const std::function<bool()>& done) {
        EXPECT_TRUE(loop.runUntil(done)) << source->from() << " " << source->reason();
    }
    void run(Task<void> task) {
        ends.spawn("end", std::move(task));
        EXPECT_TRUE(loop.runUntil([&] { return ends.empty(); }));
    }
    void awaitChange(const std::string& word) {
        until([&] { return !changes.empty() && changes.back() == word; });
    }
    std::string place() const { return source->from().empty() ? "direct" : source->from(); }
    void note(const rules::Change& change) {
        static const std::map<rules::Change::Type, std::string> signs{{rules::Change::Type::Added, "+"},
                                                                      {rules::Change::Type::Modified, "~"},
                                                                      {rules::Change::Type::Deleted, "-"}};
        auto text = [&](const char* path) { return std::string(change.object.path(path).asString()); };
        changes.push_back(signs.at(change.type) + text("metadata.name") + " " + text("status.phase"));
    }

    Loop loop;
    SystemLoopClock clock{loop};
    SeededRandom random{5};
    PlayedCluster cluster{loop};
    std::string address;
    kube::ApiServer api;
    net::HttpClient client{loop, net::HttpClientOptions()};
    std::optional<Peers> peers;
    TaskGroup ends{loop, addFailure};
    std::vector<std::unique_ptr<ServingReplica>> replicas;
    std::unique_ptr<observe::ResourceObserver> observer;
    std::unique_ptr<SharedSource> source;
    std::unique_ptr<kube::WatchStream> stream;
    TaskGroup reader{loop, addFailure};
    std::vector<std::string> changes, moves;
};

TEST_F(SharedSourceTest, WithoutAHolderTheApiServerIsWatched) {
    start();
    cluster.put("b", "Pending");
    awaitChange("+b Pending");
    EXPECT_EQ(place(), "direct");
    EXPECT_EQ(source->reason(), "");
}

TEST_F(SharedSourceTest, AHolderGivesListAndChangesAndTheApiServerHasOneWatch) {
    auto& holder = replica();
    source->setHolder(holder.holder("b"));
    start();
    cluster.put("a", "Failed");
    awaitChange("~a Failed");
    cluster.remove("a");
    awaitChange("-a Failed");
    EXPECT_THAT(changes, ElementsAre("+a Running", "~a Failed", "-a Failed"));
    EXPECT_EQ(place(), "b");
    EXPECT_EQ(cluster.watching(), 1u);
}

TEST_F(SharedSourceTest, AHolderThatDiesIsReplacedByTheApiServerAndNothingIsLostOrToldTwice) {
    auto& holder = replica();
    source->setHolder(holder.holder("b"));
    start();
    cluster.put("a", "Failed");
    awaitChange("~a Failed");
    run(holder.stop());
    cluster.put("b", "Pending");
    awaitChange("+b Pending");
    EXPECT_THAT(changes, ElementsAre("+a Running", "~a Failed", "+b Pending"));
    EXPECT_EQ(place(), "direct");
    EXPECT_THAT(source->reason(), HasSubstr("b: "));
    EXPECT_EQ(stream->status().lists, 1u) << "it goes on from the version that it had";
    EXPECT_EQ(stream->status().failures, 0u) << "the cluster is not to blame";
}

TEST_F(SharedSourceTest, AMoveToAnotherHolderGoesOnWhereItWas) {
    auto &first = replica(), &second = replica();
    source->setHolder(first.holder("b"));
    start();
    source->setHolder(second.holder("c"));
    cluster.put("a", "Failed");
    awaitChange("~a Failed");
    EXPECT_THAT(changes, ElementsAre("+a Running", "~a Failed"));
    EXPECT_EQ(place(), "c");
    EXPECT_EQ(stream->status().lists, 1u);
}

TEST_F(SharedSourceTest, AHolderThatBeganLaterIsListedAndComparedWithWhatIsKnown) {
    auto& first = replica();
    source->setHolder(first.holder("b"));
    start();
    cluster.put("b", "Pending");
    awaitChange("+b Pending");
    run(first.stop());
    cluster.remove("a");
    cluster.put("c", "Running");
    auto& later = replica();
    source->setHolder(later.holder("c"));
    until([&] { return changes.size() == 4; });
    EXPECT_EQ(place(), "c");
    EXPECT_THAT(changes, testing::UnorderedElementsAre("+a Running", "+b Pending", "+c Running", "-a Running"));
}

TEST_F(SharedSourceTest, AHolderThatKnowsLessIsNotGoneBackTo) {
    auto& late = replica();
    late.served->listBegins();  // it lists anew, and is not done
    cluster.put("a", "Failed");
    source->setHolder(late.holder("b"));
    start();
    EXPECT_EQ(place(), "direct");
    late.served->listEnds("11");  // as of before the change
    loop.runUntil([&] { return late.targets.size() > 20; });
    EXPECT_EQ(place(), "direct");
    EXPECT_THAT(source->reason(), HasSubstr("Too large resource version"));
    EXPECT_THAT(changes, ElementsAre("+a Failed"));
    cluster.bookmark();
    until([&] { return place() == "b"; });
    EXPECT_THAT(changes, ElementsAre("+a Failed"));
}

TEST_F(SharedSourceTest, AHolderInTroubleIsNotReadUntilItIsWellAgain) {
    auto& holder = replica();
    source->setHolder(holder.holder("b"));
    start();
    holder.watches = false;
    holder.served->setFields("digest of a moment");
    holder.served->setFields("digest");
    until([&] { return place() == "direct"; });
    EXPECT_THAT(source->reason(), HasSubstr("does not watch it"));
    holder.watches = true;
    until([&] { return place() == "b"; });
    cluster.put("a", "Failed");
    awaitChange("~a Failed");
    EXPECT_THAT(changes, ElementsAre("+a Running", "~a Failed"));
}

TEST_F(SharedSourceTest, AHolderThatKeepsOtherFieldsIsNotRead) {
    auto& holder = replica();
    holder.served->setFields("those of other rules");
    source->setHolder(holder.holder("b"));
    start();
    EXPECT_EQ(place(), "direct");
    EXPECT_THAT(source->reason(), HasSubstr("keeps other fields"));
    holder.served->setFields("digest");
    until([&] { return place() == "b"; });
    EXPECT_THAT(changes, ElementsAre("+a Running"));
}

TEST_F(SharedSourceTest, AHolderWithAnotherTokenIsNotRead) {
    auto& holder = replica();
    makeReader("wrong");
    source->setHolder(holder.holder("b"));
    start();
    EXPECT_EQ(place(), "direct");
    EXPECT_THAT(source->reason(), HasSubstr("the token of the replicas is another one"));
    EXPECT_THAT(changes, ElementsAre("+a Running"));
}

TEST_F(SharedSourceTest, WithTheLastHolderGoneTheApiServerIsWatchedAtOnce) {
    auto& holder = replica();
    source->setHolder(holder.holder("b"));
    start();
    source->setHolder(std::nullopt);
    cluster.put("a", "Failed");
    awaitChange("~a Failed");
    EXPECT_EQ(place(), "direct");
    EXPECT_EQ(source->reason(), "");
    EXPECT_EQ(stream->status().lists, 1u);
}

}  // namespace
}  // namespace klaw::share
