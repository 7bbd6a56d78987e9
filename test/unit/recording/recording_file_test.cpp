#include <fmt/format.h>

#include "test/unit/recording/recording_test.hpp"

namespace klaw::recording::test {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* podAdded = R"({"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"a"}}})";

std::string event(const std::string& name, const std::string& t = "1") {
    return R"({"t":)" + t +
           R"(,"cluster":"prod","resource":"pods","event":{"type":"ADDED","object":{"metadata":{"name":")" + name +
           "\"}}}}\n";
}

class RecordingFile : public testing::TestWithParam<bool> {
protected:
    RecordingWriter writer(RecordingWriterOptions options = {}) {
        options.gzip = GetParam();
        auto made = RecordingWriter::create(file, header(), options);
        EXPECT_TRUE(made) << made.error().describe();
        return std::move(*made);
    }
    std::string text() const { return GetParam() ? unzipped(file) : readFile(file); }

    TemporaryDirectory directory;
    std::filesystem::path file = directory / "a.klaw";
};

TEST_P(RecordingFile, ReadsBackWhatItWrote) {
    auto recording = writer();
    ASSERT_TRUE(recording.event(0s, "prod", "pods", podAdded));
    ASSERT_TRUE(recording.event(2s, "test", "deployments.apps", R"({"type":"BOOKMARK","object":{ "a" : 1.50 }})"));
    ASSERT_TRUE(recording.scrape(3s, "prod", "metrics.k8s.io/nodes", R"({"items":[]})"));
    ASSERT_TRUE(recording.scrape(4s, "prod", "kubelet", R"("up 1\n")"));
    ASSERT_TRUE(recording.close());

    auto reader = RecordingReader::open(file);
    ASSERT_TRUE(reader) << reader.error().describe();
    EXPECT_EQ(reader->header().started, header().started);
    EXPECT_EQ(reader->header().clusters, header().clusters);
    EXPECT_THAT(entriesOf(*reader),
                ElementsAre("0 prod pods " + std::string(podAdded),
                            R"(2 test deployments.apps {"type":"BOOKMARK","object":{ "a" : 1.50 }})",
                            R"(3 prod scrape {"source":"metrics.k8s.io/nodes","body":{"items":[]}})",
                            R"(4 prod scrape {"source":"kubelet","body":"up 1\n"})"));
    EXPECT_FALSE(reader->truncated());
}

TEST_P(RecordingFile, KeepsNanoseconds) {
    auto recording = writer();
    auto at = 26h + 123'456'789ns;
    ASSERT_TRUE(recording.event(at, "prod", "pods", podAdded));
    ASSERT_TRUE(recording.close());
    auto reader = RecordingReader::open(file);
    EXPECT_EQ((*reader->next())->at, at);
}

TEST_P(RecordingFile, PutsAnEventThatIsIndentedOnOneLine) {
    auto recording = writer();
    ASSERT_TRUE(recording.event(0s, "prod", "pods", "{\"type\":\"ADDED\",\n  \"object\":{\r\n}}"));
    ASSERT_TRUE(recording.close());
    EXPECT_THAT(text(), HasSubstr(R"("event":{"type":"ADDED","object":{}}})"));
}

TEST_P(RecordingFile, LeavesOutWhatIsNoEvent) {
    auto recording = writer();
    for (const auto* broken : {"", "{", "[]", "null", "{\n\"type\":\n}"}) {
        auto written = recording.event(0s, "prod", "pods", broken);
        ASSERT_FALSE(written) << broken;
        EXPECT_EQ(written.error().code, ErrorCode::InvalidArgument);
    }
    std::string deep(100'000, '[');
    EXPECT_FALSE(recording.event(
        0s, "prod", "secrets", "{\"type\":\"ADDED\",\"object\":{\"x\":" + deep + std::string(deep.size(), ']') + "}}"));
    EXPECT_FALSE(recording.scrape(0s, "prod", "x", "up 1"));
    ASSERT_TRUE(recording.event(1s, "prod", "pods", podAdded));
    ASSERT_TRUE(recording.close());
    auto reader = RecordingReader::open(file);
    EXPECT_THAT(entriesOf(*reader), ElementsAre("1 prod pods " + std::string(podAdded)));
}

TEST_P(RecordingFile, NeverHoldsTheDataOfSecrets) {
    auto recording = writer();
    constexpr const char* secret =
        R"({"type":"MODIFIED","object":{"kind":"Secret","apiVersion":"v1","metadata":{"name":"db","annotations":{)"
        R"("kubectl.kubernetes.io/last-applied-configuration":"{\"data\":{\"password\":\"aHVudGVyMg==\"}}","team":"x"}},)"
        R"("type":"Opaque","data":{"password":"aHVudGVyMg=="},"stringData":{"plain":"hunter2"}}})";
    ASSERT_TRUE(recording.event(0s, "prod", "secrets", secret));
    ASSERT_TRUE(recording.close());
    EXPECT_THAT(text(), AllOf(HasSubstr(R"("name":"db")"), HasSubstr(R"("team":"x")"), HasSubstr("Opaque"),
                              Not(HasSubstr("aHVudGVyMg")), Not(HasSubstr("hunter2")), Not(HasSubstr("password"))));
}

TEST_P(RecordingFile, NeverHoldsTheDataOfASecretThatCameUnderAnotherName) {
    auto recording = writer();
    ASSERT_TRUE(recording.event(0s, "prod", "secrets.",
                                R"({"type":"ADDED","object":{"kind":"Secret","apiVersion":"v1",)"
                                R"("metadata":{"name":"db"},"data":{"p":"aHVudGVyMg=="}}})"));
    ASSERT_TRUE(recording.event(0s, "prod", "tables",
                                R"({"type":"ADDED","object":{"apiVersion":"v1","kind" : "Secret",)"
                                R"("metadata":{"name":"db"},"data":{"p":"aHVudGVyMg=="}}})"));
    ASSERT_TRUE(recording.close());
    EXPECT_THAT(text(), Not(HasSubstr("aHVudGVyMg")));
}

TEST_P(RecordingFile, IsReadableUpToTheLastFlushWhenTheRecorderIsKilled) {
    auto recording = writer();
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(recording.event(std::chrono::seconds(i), "prod", "pods", podAdded));
    ASSERT_TRUE(recording.flush());
    auto killed = readFile(file);
    auto reader = RecordingReader::fromBytes(killed, "killed");
    ASSERT_TRUE(reader) << reader.error().describe();
    EXPECT_EQ(entriesOf(*reader).size(), 100u);
    EXPECT_EQ(reader->truncated(), GetParam());  // a gzip stream shows that its end is missing

    auto cut = RecordingReader::fromBytes(killed.substr(0, killed.size() - 20), "cut");
    ASSERT_TRUE(cut);
    auto entries = entriesOf(*cut);
    EXPECT_GE(entries.size(), GetParam() ? 1u : 99u);
    EXPECT_THAT(entries, Each(HasSubstr(podAdded)));
    EXPECT_TRUE(cut->truncated());
}

TEST_P(RecordingFile, CannotBeWrittenAfterItWasClosed) {
    auto recording = writer();
    ASSERT_TRUE(recording.close());
    EXPECT_TRUE(recording.close());
    auto late = recording.event(0s, "prod", "pods", podAdded);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::Unavailable);
    EXPECT_FALSE(recording.flush());
}

TEST_P(RecordingFile, SaysWhereItCouldNotBeWritten) {
    RecordingWriterOptions options;
    options.gzip = GetParam();
    auto nowhere = RecordingWriter::create(directory / "missing" / "a.klaw", header(), options);
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(nowhere.error().describe(), HasSubstr("missing/a.klaw"));
    if (!std::filesystem::exists("/dev/full")) return;
    auto full = RecordingWriter::create("/dev/full", header(), options);
    ASSERT_FALSE(full);
    EXPECT_THAT(full.error().describe(), AllOf(HasSubstr("/dev/full"), HasSubstr("No space left")));
}

INSTANTIATE_TEST_SUITE_P(Forms, RecordingFile, testing::Bool(),
                         [](const auto& info) { return info.param ? "Gzip" : "Plain"; });

TEST(RecordingReader, SaysFileAndLineOfWhatIsBroken) {
    auto broken = [](const std::string& line) {
        return entriesOf(headerLine + event("a") + "\n" + line + "\n").back();
    };
    EXPECT_THAT(broken("not json"), AllOf(HasSubstr("demo.jsonl:4"), HasSubstr("not a JSON object")));
    EXPECT_THAT(broken(R"({"t":1,"cluster":"prod","resource":"pods"})"),
                AllOf(HasSubstr("demo.jsonl:4"), HasSubstr("neither \"event\" nor \"scrape\"")));
    EXPECT_THAT(broken(R"({"t":"x","cluster":"prod","resource":"pods","event":{}})"),
                HasSubstr("\"t\" is not a number"));
    EXPECT_THAT(broken(R"({"t":-1,"cluster":"prod","resource":"pods","event":{}})"), HasSubstr("\"t\" is not"));
    EXPECT_THAT(broken(R"({"t":1e300,"cluster":"prod","resource":"pods","event":{}})"), HasSubstr("\"t\" is not"));
    EXPECT_THAT(broken(R"({"t":nan,"cluster":"prod","resource":"pods","event":{}})"), HasSubstr("\"t\" is not"));
    EXPECT_THAT(broken(R"({"t":1,"cluster":5,"resource":"pods","event":{}})"),
                HasSubstr("\"cluster\" is not a string"));
    EXPECT_THAT(broken(R"({"cluster":"prod","resource":"pods","event":{}})"), HasSubstr("must stand before"));
    EXPECT_THAT(broken(R"({"t":1,"cluster":"prod","event":{}})"), HasSubstr("\"resource\" must stand before"));
    EXPECT_THAT(broken(R"({"t":1,"cluster":"prod","resource":"pods","event":{})"), HasSubstr("line is cut"));
    EXPECT_THAT(broken(R"({"t":1,"cluster":"prod","resource":"pods","event":7})"), HasSubstr("not an object"));
    EXPECT_THAT(broken(R"({"t":1,"what":1})"), HasSubstr("unknown member \"what\""));
}

TEST(RecordingReader, SaysWhatIsWrongWithTheHeader) {
    auto refused = [](const std::string& text) { return entriesOf(text).front(); };
    EXPECT_THAT(refused(""), AllOf(HasSubstr("demo.jsonl:1"), HasSubstr("empty")));
    EXPECT_THAT(refused("hello\n"), AllOf(HasSubstr("demo.jsonl:1"), HasSubstr("neither a recording")));
    EXPECT_THAT(refused(R"({"klaw":"recording","version":2,"started":"2026-11-23T10:00:00Z"})"),
                HasSubstr("a recording of version 2"));
    EXPECT_THAT(refused(R"({"klaw":"recording","version":99999999999999999999})"), HasSubstr("version"));
    EXPECT_THAT(refused(R"({"klaw":"recording","version":1,"started":"yesterday"})"), HasSubstr("RFC 3339"));
    EXPECT_THAT(refused(R"({"klaw":"recording","version":1,"started":"2026-11-23T10:00:00Z","clusters":[]})"),
                HasSubstr("\"clusters\" is not an object"));
    EXPECT_THAT(refused(R"({"klaw":"recording",)"), HasSubstr("not the header"));
    EXPECT_THAT(refused(R"({"klaw":5})"), HasSubstr("not the header"));
}

TEST(RecordingReader, SaysThatAFileIsMissing) {
    auto reader = RecordingReader::open("/nonexistent/demo.klaw");
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().code, ErrorCode::NotFound);
    EXPECT_THAT(reader.error().describe(), HasSubstr("/nonexistent/demo.klaw"));
    EXPECT_FALSE(RecordingReader::open(std::filesystem::temp_directory_path()));  // a directory
}

TEST(RecordingReader, SaysThatGzipDataIsDamaged) {
    TemporaryDirectory directory;
    auto file = directory / "a.klaw";
    {
        auto writer = RecordingWriter::create(file, header());
        for (int i = 0; i < 2000; ++i)
            ASSERT_TRUE(writer->event(std::chrono::seconds(i), "prod", "pods",
                                      fmt::format(R"({{"type":"ADDED","object":{{"i":{}}}}})", i * 7919 % 1009)));
    }
    auto bytes = readFile(file);
    for (auto i = bytes.size() / 2; i < bytes.size() / 2 + 64; ++i) bytes[i] = static_cast<char>(~bytes[i]);
    auto entries = entriesOf(bytes);
    EXPECT_THAT(entries.back(), HasSubstr("demo.jsonl:"));
}

TEST(RecordingReader, ReadsAcrossEveryBoundaryOfItsBuffers) {
    std::string bytes = headerLine;
    std::vector<std::string> expected;
    for (std::size_t i = 0; i < 40; ++i) {
        std::string name(i % 2 == 0 ? 262'144 - 150 + i : i, 'x');
        bytes += event(name);
        expected.push_back(R"(1 prod pods {"type":"ADDED","object":{"metadata":{"name":")" + name + "\"}}}");
    }
    EXPECT_EQ(entriesOf(bytes), expected);
}

TEST(RecordingReader, AcceptsWindowsLineEndsBlankLinesAndEscapedNames) {
    auto entries =
        entriesOf(headerLine + "\r\n" +
                  R"({"t": 0.5, "cluster": "pr\u006fd", "resource": "pods", "event": {"type":"ADDED"} })" + "\r\n");
    EXPECT_THAT(entries, ElementsAre(R"(0.5 prod pods {"type":"ADDED"})"));
}

TEST(RecordingReader, DropsALastLineThatWasCutAndSaysSo) {
    auto bytes = headerLine + event("a") + event("b");
    auto reader = RecordingReader::fromBytes(bytes.substr(0, bytes.size() - 10), "demo.jsonl");
    EXPECT_EQ(entriesOf(*reader).size(), 1u);
    EXPECT_TRUE(reader->truncated());
}

constexpr const char* kubectlOutput =
    R"({"type":"ADDED","object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}}
{
    "type": "MODIFIED",
    "object": {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "quote \" brace } bracket ]"}
    }
}
{"type":"ADDED","object":{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"c"}}}
)";

TEST(RecordingReader, AcceptsWhatKubectlPrintsWhenItWatches) {
    auto reader = RecordingReader::fromBytes(kubectlOutput, "watch.json");
    ASSERT_TRUE(reader) << reader.error().describe();
    EXPECT_EQ(reader->header().clusters.count("kubectl"), 1u);
    auto entries = entriesOf(*reader);
    ASSERT_EQ(entries.size(), 3u);
    EXPECT_THAT(entries[0], StartsWith(R"(0 kubectl pods {"type":"ADDED")"));
    EXPECT_THAT(entries[1], AllOf(StartsWith("0 kubectl deployments.apps {"), HasSubstr("brace }")));
    EXPECT_THAT(entries[2], StartsWith("0 kubectl ingresses.networking.k8s.io "));
    EXPECT_FALSE(reader->truncated());
}

TEST(RecordingReader, AcceptsKubectlOutputOfAnObjectThatIsNamedLikeTheHeader) {
    auto entries =
        entriesOf(R"({"type":"ADDED","object":{"apiVersion":"v1","data":{"klaw":"recording"},"kind":"ConfigMap"}})");
    EXPECT_THAT(entries, ElementsAre(StartsWith("0 kubectl configmaps ")));
}

TEST(RecordingReader, LeavesOutTheObjectInWhichKubectlWasInterrupted) {
    std::string text = kubectlOutput;
    auto reader = RecordingReader::fromBytes(text.substr(0, text.size() - 8), "watch.json");
    EXPECT_EQ(entriesOf(*reader).size(), 2u);
    EXPECT_TRUE(reader->truncated());
}

TEST(RecordingReader, SaysFileAndLineOfWhatIsNoWatchEvent) {
    auto broken = [](const std::string& text) { return entriesOf(kubectlOutput + text).back(); };
    EXPECT_THAT(broken("{\"kind\":\"Pod\"}"), AllOf(HasSubstr("demo.jsonl:11"), HasSubstr("--output-watch-events")));
    for (const auto* odd : {"[1]", "{\"type\":\"ADDED\",\"object\":[]}", "{\"type\":\"ADDED\",\"object\":7}",
                            "{\"type\":5,\"object\":{\"kind\":\"Pod\"}}", "{\"a\":1]", "error: lost connection", "}{",
                            "{\"type\":\"ADDED\" \"object\":{}}"})
        EXPECT_THAT(broken(odd), HasSubstr("demo.jsonl:11")) << odd;
    std::string deep(200'000, '[');
    EXPECT_THAT(broken("{\"type\":\"ADDED\",\"object\":{\"kind\":" + deep + std::string(deep.size(), ']') + "}}"),
                HasSubstr("demo.jsonl:11"));
}

}  // namespace
}  // namespace klaw::recording::test
